/* Makes a key: a name, a role, an end, and for a machine what it may use. The key itself is shown
   once. */

import { useSignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { problemText } from '../api/client';
import type { NewToken, Role, TokenRequest } from '../api/types';
import { nameProblem, topicFor } from '../connect/target';
import { CopyButton } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Field, noteId } from '../ui/field';
import { TopicRolesField } from './new_credential';
import { RolePick } from './role_pick';
import { splitNames } from './words';

const day_s = 86_400;
const ends = [
    { label: 'never', seconds: 0 },
    { label: 'in 1 d', seconds: day_s },
    { label: 'in 30 d', seconds: 30 * day_s },
    { label: 'in 365 d', seconds: 365 * day_s },
] as const;

export function openNewKey(app: App, onMade: () => void): void {
    app.openDialog(() => <NewKey app={app} onMade={onMade} />);
}

function NewKey({ app, onMade }: { app: App; onMade: () => void }): VNode {
    const made = useSignal<NewToken | null>(null);
    const close = (): void => app.closeDialog();
    return (
        <Dialog label="Make a key" onClose={close}>
            {made.value === null ? (
                <Form
                    app={app}
                    onClose={close}
                    onMade={(token) => {
                        made.value = token;
                        onMade();
                    }}
                />
            ) : (
                <Made token={made.value} origin={app.origin} onClose={close} />
            )}
        </Dialog>
    );
}

function Form(props: { app: App; onMade: (token: NewToken) => void; onClose: () => void }): VNode {
    const { app } = props;
    const name = useSignal('');
    const role = useSignal<Role>('viewer');
    const ends_s = useSignal(0);
    const topic_roles = useSignal('free');
    const machine = useSignal('');
    const problem = useSignal<string | null>(null);
    const isBusy = useSignal(false);
    const make = async (): Promise<void> => {
        problem.value = nameProblem(name.value.trim());
        if (problem.value !== null) {
            return;
        }
        const request: TokenRequest = {
            name: name.value.trim(),
            role: role.value,
            ...(ends_s.value > 0 ? { expires_in_s: ends_s.value } : {}),
            ...(role.value === 'machine'
                ? { topic_roles: splitNames(topic_roles.value), machine: machine.value.trim() }
                : {}),
        };
        isBusy.value = true;
        const result = await app.client.post<NewToken>('/api/v1/tokens', request);
        isBusy.value = false;
        if (result.ok) {
            props.onMade(result.value);
        } else {
            problem.value = problemText(result.problem);
        }
    };
    return (
        <form
            class="dlg"
            onSubmit={(event) => {
                event.preventDefault();
                void make();
            }}
        >
            <h2>Make a key</h2>
            <NameField name={name} problem={problem} />
            <RolePick role={role} />
            {role.value === 'machine' && (
                <>
                    <TopicRolesField id="key-roles" value={topic_roles} />
                    <MachineField machine={machine} />
                </>
            )}
            <EndPick ends_s={ends_s} />
            <div class="acts">
                <button type="button" class="btn" onClick={props.onClose}>
                    Cancel
                </button>
                <button class="btn pri" disabled={isBusy.value}>
                    {isBusy.value ? 'Making the key' : 'Make the key'}
                </button>
            </div>
        </form>
    );
}

function NameField(props: { name: Signal<string>; problem: Signal<string | null> }): VNode {
    const { name, problem } = props;
    return (
        <Field
            id="key-name"
            label="Name"
            note="What will use it. The name stands in lists and in the log."
            problem={problem.value}
        >
            <input
                class="in mono"
                id="key-name"
                data-first
                placeholder="grafana"
                maxLength={64}
                autocomplete="off"
                spellcheck={false}
                value={name.value}
                aria-invalid={problem.value !== null}
                aria-describedby={noteId('key-name')}
                onInput={(event) => {
                    name.value = event.currentTarget.value;
                    problem.value = null;
                }}
            />
        </Field>
    );
}

function MachineField({ machine }: { machine: Signal<string> }): VNode {
    return (
        <Field
            id="key-machine"
            label="Machine"
            note="That it belongs to, with which it goes. Empty: to none."
        >
            <input
                class="in mono"
                id="key-machine"
                placeholder="press-07"
                maxLength={64}
                autocomplete="off"
                spellcheck={false}
                value={machine.value}
                aria-describedby={noteId('key-machine')}
                onInput={(event) => (machine.value = event.currentTarget.value)}
            />
        </Field>
    );
}

function EndPick({ ends_s }: { ends_s: Signal<number> }): VNode {
    return (
        <Field id="key-ends" label="It ends">
            <select
                class="in"
                id="key-ends"
                value={ends_s.value}
                onChange={(event) => (ends_s.value = Number(event.currentTarget.value))}
            >
                {ends.map((end) => (
                    <option key={end.seconds} value={end.seconds}>
                        {end.label}
                    </option>
                ))}
            </select>
        </Field>
    );
}

function Made(props: { token: NewToken; origin: string; onClose: () => void }): VNode {
    const { token } = props;
    const example =
        token.role === 'machine'
            ? [
                  `mosquitto_pub -i ${token.name} -u ${token.name} -P ${token.token}`,
                  `-t ${topicFor(token.name)} -m 21.5`,
              ].join(' ')
            : `curl -H 'Authorization: Bearer ${token.token}' ${props.origin}/api/v1/stats`;
    return (
        <div class="dlg">
            <h2>The key of {token.name}</h2>
            <p>It is shown once. Copy it now; this node keeps only its fingerprint.</p>
            <div class="code">
                <div class="ch">
                    <span>Key, role {token.role}</span>
                    <span class="sp" />
                    <CopyButton text={token.token} />
                </div>
                <pre class="wrapped">{token.token}</pre>
            </div>
            <div class="code">
                <div class="ch">
                    <span>Try it</span>
                    <span class="sp" />
                    <CopyButton text={example} />
                </div>
                <pre class="wrapped">{example}</pre>
            </div>
            <div class="acts">
                <button type="button" class="btn pri" onClick={props.onClose}>
                    I have copied it
                </button>
            </div>
        </div>
    );
}
