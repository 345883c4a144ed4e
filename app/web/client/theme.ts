import { byId } from './element.ts';

const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];
const KEY = 'theme';

/** The button that changes between the system's colours, light and dark; the choice is kept in this browser. */
export function showTheme(): void {
  const button = byId('theme');
  let theme = kept();
  const apply = () => {
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    byId('theme-words').textContent = `Theme: ${theme}`;
  };
  button.addEventListener('click', () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
    keep(theme);
    apply();
  });
  apply();
}

// A browser may refuse to keep anything; then the choice lasts as long as the page.
function kept(): Theme {
  try {
    return themes.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system';
  } catch {
    return 'system';
  }
}

function keep(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {}
}
