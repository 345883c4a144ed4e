import { Component } from 'preact';

const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];
const KEY = 'theme';

/** Changes between the system's colours, light and dark; the choice is kept in this browser. */
export class ThemeButton extends Component<object, { theme: Theme }> {
  override state = { theme: kept() };

  override componentDidMount(): void {
    apply(this.state.theme);
  }

  override render() {
    const { theme } = this.state;
    return (
      <button type="button" id="theme" onClick={() => this.#next()}>
        <span aria-hidden="true">◐</span>
        <span class="words">Theme: {theme}</span>
      </button>
    );
  }

  #next(): void {
    const theme = THEMES[(THEMES.indexOf(this.state.theme) + 1) % THEMES.length] ?? 'system';
    this.setState({ theme });
    apply(theme);
    try {
      localStorage.setItem(KEY, theme);
    } catch {}
  }
}

function apply(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

// A browser may refuse to keep anything; then the choice lasts as long as the page.
function kept(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system';
  } catch {
    return 'system';
  }
}
