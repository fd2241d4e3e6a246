/* What the window shows: bars until the session is known, the door, or the shell with a page. */

import type { VNode } from 'preact';
import { Bars, Failed } from '../ui/states';
import type { App } from './app';
import { Overlays, PageView, Shell } from './shell';

export function Root({ app }: { app: App }): VNode {
    const session = app.store.session.value;
    switch (session.phase) {
        case 'unknown':
            return (
                <main class="alone">
                    <Bars rows={3} what="who you are" />
                </main>
            );
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
