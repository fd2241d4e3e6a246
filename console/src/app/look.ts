/* Choosing how the console looks: the next theme, the other density. */

import type { IconName } from '../ui/icon';
import type { App } from './app';
import { chooseDensity, chooseTheme, nextTheme, type Theme } from './prefs';

const themeIcons: Record<Theme, IconName> = {
    auto: 'theme',
    light: 'sun',
    dark: 'moon',
    night: 'cab',
};

export function turnTheme(app: App): void {
    const theme = nextTheme(app.prefs.theme.peek());
    chooseTheme(app.prefs, app.keep, theme);
    app.toast(theme === 'auto' ? 'Theme: as your system says' : `Theme: ${theme}`);
}

export function turnDensity(app: App): void {
    const density = app.prefs.density.peek() === 'compact' ? 'normal' : 'compact';
    chooseDensity(app.prefs, app.keep, density);
    app.toast(density === 'compact' ? 'Rows: compact' : 'Rows: normal');
}

export function themeIcon(app: App): IconName {
    return themeIcons[app.prefs.theme.value];
}
