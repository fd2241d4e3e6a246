/* Makes a claim code, for one use or some, and shows it once: as text and as a QR code. */

import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { problemText } from '../api/client';
import type { ClaimCode } from '../api/types';
import { plural } from '../format/number';
import { Field, noteId } from '../ui/field';
import { FormDialog, SecretDialog } from '../ui/form_dialog';
import { TopicRolesField } from './new_credential';
import { QrCode } from './qr_code';
import { splitNames, wordProblem } from './words';

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
        const result = await app.client.post<ClaimCode>(
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

function showCode(app: App, made: ClaimCode, uses: number): void {
    app.openDialog(() => (
        <SecretDialog
            key="claim code"
            title="The claim code"
            note={`Shown once, to be used ${uses === 1 ? 'once' : plural(uses, 'time')}.`}
            secrets={[{ label: 'Code', text: made.code ?? '' }]}
            onClose={() => app.closeDialog()}
        >
            <QrCode text={made.code ?? ''} label="The claim code as a QR code" />
        </SecretDialog>
    ));
}
