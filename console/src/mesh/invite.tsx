/* Lets a node in: makes a token, and shows it once, as text, as a QR code and as the command that
   takes it. */

import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { problemText } from '../api/client';
import type { NewMeshInvite } from '../api/types';
import { count } from '../format/number';
import { absolute, parseTime } from '../format/time';
import { QrCode } from '../security/qr_code';
import { Field, noteId } from '../ui/field';
import { FormDialog, SecretDialog } from '../ui/form_dialog';

const lifetimes = [
    { label: 'in 15 min', seconds: 900 },
    { label: 'in 2 h', seconds: 7_200 },
    { label: 'in 1 d', seconds: 86_400 },
    { label: 'in 7 d', seconds: 604_800 },
] as const;
const uses_max = 1_000;

export function openInvite(app: App, onMade: () => void): void {
    app.openDialog(() => <Invite app={app} onMade={onMade} />);
}

function Invite({ app, onMade }: { app: App; onMade: () => void }): VNode {
    const role = useSignal<'router' | 'leaf'>('router');
    const uses = useSignal('1');
    const ends_s = useSignal<number>(lifetimes[0].seconds);
    const address = useSignal('');
    const make = async (): Promise<string | null> => {
        const times = Number(uses.value);
        if (!Number.isInteger(times) || times < 1 || times > uses_max) {
            return `Uses are a whole number from 1 to ${count(uses_max)}.`;
        }
        const addresses = address.value.split(/[\s,]+/).filter((one) => one !== '');
        const result = await app.client.post<NewMeshInvite>(
            '/api/v1/mesh/invites',
            {
                role: role.value,
                uses: times,
                expires_in_s: ends_s.value,
                ...(addresses.length === 0 ? {} : { addresses }),
            },
            { isSecret: true },
        );
        if (!result.ok) {
            return problemText(result.problem);
        }
        onMade();
        showInvite(app, result.value);
        return null;
    };
    return (
        <FormDialog
            title="Invite a node"
            act="Make the token"
            busy="Making the token"
            onAct={make}
            onClose={() => app.closeDialog()}
        >
            <div class="pair">
                <Field id="invite-role" label="It becomes">
                    <select
                        class="in"
                        id="invite-role"
                        data-first
                        value={role.value}
                        onChange={(event) =>
                            (role.value = event.currentTarget.value === 'leaf' ? 'leaf' : 'router')
                        }
                    >
                        <option value="router">a router: forwards for others</option>
                        <option value="leaf">a leaf: never forwards</option>
                    </select>
                </Field>
                <Field id="invite-ends" label="The token ends">
                    <select
                        class="in"
                        id="invite-ends"
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
            <Field id="invite-uses" label="How many nodes may use it">
                <input
                    class="in"
                    id="invite-uses"
                    inputMode="numeric"
                    value={uses.value}
                    onInput={(event) => (uses.value = event.currentTarget.value)}
                />
            </Field>
            <Field
                id="invite-address"
                label="Where this node is reached"
                note="HOST:PORT. Empty: the addresses of its interfaces."
            >
                <input
                    class="in mono"
                    id="invite-address"
                    autocomplete="off"
                    spellcheck={false}
                    placeholder="gw-1.plant.example:7883"
                    value={address.value}
                    aria-describedby={noteId('invite-address')}
                    onInput={(event) => (address.value = event.currentTarget.value)}
                />
            </Field>
        </FormDialog>
    );
}

function showInvite(app: App, made: NewMeshInvite): void {
    const ends_ms = parseTime(made.expires_at);
    const who = made.uses === 1 ? `one ${made.role}` : `${count(made.uses)} nodes`;
    app.openDialog(() => (
        <SecretDialog
            key="mesh token"
            title="The token"
            note={
                <>
                    Shown once, for {who}
                    {ends_ms === null ? '' : `, until ${absolute(ends_ms)}`}. Who has it can join:
                    hand it over as you would a password. It leads to {made.addresses.join(', ')}.
                </>
            }
            secrets={[{ label: 'Token', text: made.token }]}
            onClose={() => app.closeDialog()}
        >
            <div class="qr-large">
                <QrCode text={made.token} label="The token as a QR code" />
            </div>
            <p class="small">
                The other node takes it on its own page Mesh, or with{' '}
                <code>kith mesh join TOKEN --data data</code>.
            </p>
        </SecretDialog>
    ));
}
