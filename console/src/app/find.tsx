/* Opens "Find or do". The palette is a chunk of its own: nobody pays for it before the first
   use. */

import type { App } from './app';

/** Loads it while nothing else happens, so that what is typed after the first Ctrl K is its own. */
export function warmPalette(): void {
    const load = (): void => void import('./palette').catch(() => {});
    if ('requestIdleCallback' in window) {
        requestIdleCallback(load);
    } else {
        setTimeout(load, 1_000);
    }
}

export async function openPalette(app: App): Promise<void> {
    const { Palette } = await import('./palette');
    app.openDialog(() => <Palette app={app} />);
}

export async function openKeys(app: App): Promise<void> {
    const { KeysHelp } = await import('./palette');
    app.openDialog(() => <KeysHelp app={app} />);
}
