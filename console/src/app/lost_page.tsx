/* A path that no page has. */

import type { VNode } from 'preact';
import { Head } from '../ui/section';
import { Empty } from '../ui/states';
import type { App } from './app';
import type { Place } from './router';
import type { Page } from './store';

export function openLost(_app: App, place: Place): Page {
    const path = place.route.name === 'lost' ? place.route.path : '';
    return { view: () => <Lost path={path} /> };
}

function Lost({ path }: { path: string }): VNode {
    return (
        <>
            <Head title="Nothing is here">
                <p>
                    No page has the address <code>{path}</code>.
                </p>
            </Head>
            <div class="alone">
                <Empty
                    title="Go on from a page that exists"
                    actions={
                        <a class="btn pri" href="/">
                            Go to Home
                        </a>
                    }
                >
                    <p>A link may be older than this version of the console.</p>
                </Empty>
            </div>
        </>
    );
}
