import { element } from './element.ts';

/** A row of buttons of which one is pressed. */
export function createSegments<T extends string>(
  label: string,
  names: readonly T[],
  initial: T,
  onChoose: (name: T) => void,
): HTMLElement {
  const buttons = names.map((name) => {
    const press = () => {
      for (const button of buttons) button.setAttribute('aria-pressed', String(button.textContent === name));
      onChoose(name);
    };
    return element(
      'button',
      { type: 'button', 'aria-pressed': String(name === initial), onclick: press },
      name,
    );
  });
  return element('div', { class: 'segments', role: 'group', 'aria-label': label }, ...buttons);
}
