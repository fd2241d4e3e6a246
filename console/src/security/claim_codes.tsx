/* Claim codes: a device that shows one gets a credential of its own, once or some times. */

import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import type { Pages } from '../app/resource';
import { problemText } from '../api/client';
import type { ClaimCode, NewClaimCode } from '../api/types';
import { plural } from '../format/number';
import { absolute, duration, parseTime } from '../format/time';
import { Confirm } from '../ui/dialog';
import { Field, noteId } from '../ui/field';
import { FormDialog, SecretDialog } from '../ui/form_dialog';
import { Pill } from '../ui/shape';
import { DataTable } from '../ui/table';
import { TopicRolesField } from './new_credential';
import { PagesBody } from './pages_body';
import { QrCode } from './qr_code';
import { RoleTags } from './role_tags';
import { splitNames, wordProblem } from './words';

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
                            <b class="strong">{code.machine ?? 'any machine'}</b>{' '}
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
                            aria-label={`Withdraw the code for ${code.machine ?? 'any machine'}`}
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

const hour_s = 3_600;
const lifetimes = [
    { label: 'in 1 h', seconds: hour_s },
    { label: 'in 1 d', seconds: 24 * hour_s },
    { label: 'in 7 d', seconds: 7 * 24 * hour_s },
    { label: 'in 30 d', seconds: 30 * 24 * hour_s },
] as const;

export function openNewCode(app: App, onMade: () => void): void {
    app.openDialog(() => <NewCode app={app} onMade={onMade} />);
}

function NewCode({ app, onMade }: { app: App; onMade: () => void }): VNode {
    const machine = useSignal('');
    const note = useSignal('');
    const roles = useSignal('own');
    const uses = useSignal('1');
    const ends_s = useSignal<number>(24 * hour_s);
    const make = async (): Promise<string | null> => {
        const name = machine.value.trim();
        const wrong = name === '' ? null : wordProblem(name, 'machine');
        const times = Number(uses.value);
        if (wrong !== null) {
            return wrong;
        }
        if (!Number.isInteger(times) || times < 1 || times > 10_000) {
            return 'Uses are a whole number from 1 to 10 000.';
        }
        const result = await app.client.post<NewClaimCode>(
            '/api/v1/claim-codes',
            {
                note: note.value.trim(),
                ...(name === '' ? {} : { machine: name }),
                topic_roles: splitNames(roles.value),
                uses: times,
                expires_in_s: ends_s.value,
            },
            { isSecret: true },
        );
        if (!result.ok) {
            return problemText(result.problem);
        }
        onMade();
        showCode(app, result.value, times);
        return null;
    };
    return (
        <FormDialog
            title="Make a claim code"
            act="Make the code"
            busy="Making the code"
            onAct={make}
            onClose={() => app.closeDialog()}
        >
            <Field
                id="code-machine"
                label="For the machine"
                note="Empty: each device names itself."
            >
                <input
                    class="in mono"
                    id="code-machine"
                    data-first
                    placeholder="any"
                    autocomplete="off"
                    spellcheck={false}
                    maxLength={64}
                    value={machine.value}
                    aria-describedby={noteId('code-machine')}
                    onInput={(event) => (machine.value = event.currentTarget.value)}
                />
            </Field>
            <Field id="code-note" label="Note">
                <input
                    class="in"
                    id="code-note"
                    placeholder="Sensors of hall 3"
                    maxLength={200}
                    value={note.value}
                    onInput={(event) => (note.value = event.currentTarget.value)}
                />
            </Field>
            <TopicRolesField id="code-roles" value={roles} />
            <div class="pair">
                <Field id="code-uses" label="Uses">
                    <input
                        class="in"
                        id="code-uses"
                        inputMode="numeric"
                        value={uses.value}
                        onInput={(event) => (uses.value = event.currentTarget.value)}
                    />
                </Field>
                <Field id="code-ends" label="It ends">
                    <select
                        class="in"
                        id="code-ends"
                        value={ends_s.value}
                        onChange={(event) => (ends_s.value = Number(event.currentTarget.value))}
                    >
                        {lifetimes.map((one) => (
                            <option key={one.seconds} value={one.seconds}>
                                {one.label}
                            </option>
                        ))}
                    </select>
                </Field>
            </div>
        </FormDialog>
    );
}

function showCode(app: App, made: NewClaimCode, uses: number): void {
    app.openDialog(() => (
        <SecretDialog
            key="claim code"
            title="The claim code"
            note={`Shown once, to be used ${uses === 1 ? 'once' : plural(uses, 'time')}.`}
            secrets={[{ label: 'Code', text: made.code }]}
            onClose={() => app.closeDialog()}
        >
            <QrCode text={made.code} label="The claim code as a QR code" />
        </SecretDialog>
    ));
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
