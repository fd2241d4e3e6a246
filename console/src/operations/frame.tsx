/* What all parts of Operations have: the head, the tabs, and the word for who may not see it. */

import type { ComponentChildren, VNode } from 'preact';
import type { App } from '../app/app';
import { operationsTabs, pathOf, type OperationsTab } from '../app/router';
import type { Role } from '../api/types';
import { Head } from '../ui/section';
import { NoRight } from '../ui/states';
import { TabLinks } from '../ui/tab_links';
import './operations.css';

export const tabLabels: Record<OperationsTab, string> = {
    node: 'Node',
    limits: 'Limits',
    queues: 'Queues',
    storage: 'Storage',
    trace: 'Trace',
    logs: 'Client logs',
    backup: 'Backup',
};

export function OperationsFrame(props: {
    app: App;
    tab: OperationsTab;
    sentence: ComponentChildren;
    actions?: ComponentChildren;
    needs: Role;
    what: string;
    children: () => ComponentChildren;
}): VNode {
    const { app, needs } = props;
    const mayAct = needs === 'admin' || needs === 'operator' ? app.mayAct(needs) : true;
    return (
        <>
            <Head title="Operations" actions={mayAct ? props.actions : undefined}>
                <p>{props.sentence}</p>
            </Head>
            <TabLinks
                label="Parts of Operations"
                tabs={operationsTabs.map((tab) => ({
                    path: pathOf({ name: 'operations', tab }),
                    label: tabLabels[tab],
                    isCurrent: tab === props.tab,
                }))}
            />
            {mayAct ? (
                props.children()
            ) : (
                <div class="alone">
                    <NoRight what={props.what} role={needs} />
                </div>
            )}
        </>
    );
}
