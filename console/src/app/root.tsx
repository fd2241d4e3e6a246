/* What the window shows: nothing until the session is known, the door, or the shell with a page. */

import type { VNode } from 'preact';
import { Failed } from '../ui/states';
import type { App } from './app';
import { Overlays, PageView, Shell } from './shell';

export function Root({ app }: { app: App }): VNode | null {
    const session = app.store.session.value;
    switch (session.phase) {
        case 'unknown':
            return null;
        case 'failed':
            return (
                <main class="alone">
                    <Failed
                        what="This node"
                        problem={session.problem}
                        node={app.store.nodeName.value}
                        onRetry={() => void app.resume()}
                    />
                </main>
            );
        case 'out':
            return (
                <>
                    <PageView app={app} />
                    <Overlays app={app} />
                </>
            );
        case 'in':
            return <Shell app={app} />;
    }
}
