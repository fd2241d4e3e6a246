/* Claim codes: a device that shows one gets a credential of its own. Those that are open. */

import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Pages } from '../app/resource';
import type { ClaimCode } from '../api/types';
import { plural } from '../format/number';
import { absolute, duration, parseTime } from '../format/time';
import { Confirm } from '../ui/dialog';
import { Pill } from '../ui/shape';
import { DataTable } from '../ui/table';
import { PagesBody } from './pages_body';
import { RoleTags } from './role_tags';

type Codes = Pages<ClaimCode>;

export function ClaimCodes({ app, codes }: { app: App; codes: Codes }): VNode {
    return (
        <PagesBody
            app={app}
            pages={codes}
            what="the claim codes"
            empty={() => (
                <p class="inset dim">
                    No code is open. Print one as a QR code on a box of twelve sensors, and each of
                    them signs itself in.
                </p>
            )}
        >
            {() => <CodeTable app={app} codes={codes} />}
        </PagesBody>
    );
}

function CodeTable({ app, codes }: { app: App; codes: Codes }): VNode {
    const now_ms = app.store.now_ms.value;
    return (
        <DataTable<ClaimCode>
            label="claim codes"
            rows={codes.rows}
            keyOf={(code) => code.id}
            columns={[
                {
                    head: 'For',
                    cell: (code) => (
                        <span>
                            <b class="strong">{code.machine || 'any machine'}</b>{' '}
                            <span class="dim">{code.note}</span>
                        </span>
                    ),
                },
                { head: 'Uses left', kind: 'num', cell: (code) => code.uses_left },
                {
                    head: 'Ends',
                    cell: (code) => <Ends code={code} now_ms={now_ms} />,
                },
                {
                    head: 'Topic roles',
                    kind: 'x-s',
                    cell: (code) => <RoleTags names={code.topic_roles} />,
                },
                {
                    head: 'Made by',
                    kind: 'x-m',
                    cell: (code) => <span class="dim">{code.created_by}</span>,
                },
                {
                    head: '',
                    kind: 'num acts',
                    cell: (code) => (
                        <button
                            type="button"
                            class="btn danger sm"
                            aria-label={`Withdraw the code for ${code.machine || 'any machine'}`}
                            onClick={() => askWithdraw(app, codes, code)}
                        >
                            Withdraw
                        </button>
                    ),
                },
            ]}
        />
    );
}

function Ends({ code, now_ms }: { code: ClaimCode; now_ms: number }): VNode {
    const ends_ms = parseTime(code.expires_at) ?? 0;
    return ends_ms <= now_ms ? (
        <Pill status="off">ended</Pill>
    ) : (
        <span class="dim" title={absolute(ends_ms)}>
            in {duration(ends_ms - now_ms)}
        </span>
    );
}

function askWithdraw(app: App, codes: Codes, code: ClaimCode): void {
    const withdraw = async (): Promise<void> => {
        const result = await app.client.remove(
            `/api/v1/claim-codes/${encodeURIComponent(code.id)}`,
        );
        if (result.ok) {
            app.toast('The code is withdrawn');
        } else {
            app.toastProblem('The code stays open', result.problem);
        }
        void codes.reload();
    };
    app.openDialog(() => (
        <Confirm
            title="Withdraw the claim code?"
            keep="Keep it"
            act="Withdraw the code"
            onAct={() => void withdraw()}
            onClose={() => app.closeDialog()}
        >
            <p>
                {plural(code.uses_left, 'device')} could still use it. Credentials that it gave
                stay.
            </p>
        </Confirm>
    ));
}
