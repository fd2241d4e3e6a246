/* Opens "Find or do". The palette is a chunk of its own: nobody pays for it before the first
   use. */

import type { App } from './app';

export async function openPalette(app: App): Promise<void> {
    const { Palette } = await import('./palette');
    app.openDialog(() => <Palette app={app} />);
}

export async function openKeys(app: App): Promise<void> {
    const { KeysHelp } = await import('./palette');
    app.openDialog(() => <KeysHelp app={app} />);
}
