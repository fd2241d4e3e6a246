/* Opens the publish form, a chunk of its own: who only looks at topics pays nothing for it. */

import type { App } from '../app/app';

export async function openPublish(app: App, topic: string): Promise<void> {
    if (!app.mayAct('operator')) {
        app.toast('Publishing needs the role operator');
        return;
    }
    try {
        const { Publish } = await import('./publish');
        app.openDialog(() => <Publish app={app} first={topic} />);
    } catch {
        app.toast('The form did not load: the node does not answer');
    }
}
