/* What all parts of Security have: the head, the tabs, and the word for who may not see it. */

import type { ComponentChildren, VNode } from 'preact';
import type { App } from '../app/app';
import { pathOf, securityTabs, type SecurityTab } from '../app/router';
import type { Role } from '../api/types';
import { Head } from '../ui/section';
import { NoRight } from '../ui/states';
import { TabLinks } from '../ui/tab_links';
import './security.css';

export const tabLabels: Record<SecurityTab, string> = {
    posture: 'Posture',
    users: 'Users',
    machines: 'Machines',
    keys: 'Keys',
    roles: 'Topic roles',
    test: 'Try a right',
    audit: 'Audit',
};

export function SecurityFrame(props: {
    app: App;
    tab: SecurityTab;
    sentence: ComponentChildren;
    actions?: ComponentChildren;
    /** Who may see what is here, and as what it is named to who may not. */
    needs: Role & ('admin' | 'operator');
    what: string;
    children: () => ComponentChildren;
}): VNode {
    const { app, needs } = props;
    const mayAct = app.mayAct(needs);
    return (
        <>
            <Head title="Security" actions={mayAct ? props.actions : undefined}>
                <p>{props.sentence}</p>
            </Head>
            <TabLinks
                label="Parts of Security"
                tabs={securityTabs.map((tab) => ({
                    path: pathOf({ name: 'security', tab, item: null }),
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
