/* Adds a machine with a generated password or a certificate, shown once. */

import { useSignal, type Signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { problemText } from '../api/client';
import type { Credential } from '../api/types';
import { Field, noteId } from '../ui/field';
import { FormDialog, SecretDialog, type Secret } from '../ui/form_dialog';
import { Choices } from './choices';
import { issueCertificate } from './new_certificate';
import { splitNames, wordProblem } from './words';

type Way = 'password' | 'certificate';

const ways: readonly (readonly [Way, string, string])[] = [
    ['password', 'password', 'generated, 192 random bits; over TLS, or SCRAM without it'],
    ['certificate', 'certificate', 'with its key, signed by this node; for mqtts'],
];

export function openNewCredential(app: App, onMade: () => void): void {
    app.openDialog(() => <NewMachine app={app} onMade={onMade} />);
}

function NewMachine({ app, onMade }: { app: App; onMade: () => void }): VNode {
    const machine = useSignal('');
    const note = useSignal('');
    const roles = useSignal('own');
    const way = useSignal<Way>('password');
    const add = async (): Promise<string | null> => {
        const name = machine.value.trim();
        const wrong = wordProblem(name, 'machine');
        if (wrong !== null) {
            return wrong;
        }
        const body = {
            machine: name,
            note: note.value.trim(),
            topic_roles: splitNames(roles.value),
            ...(way.value === 'password' ? { password: 'generate' } : {}),
        };
        const result = await app.client.post<Credential>('/api/v1/credentials', body, {
            isSecret: true,
        });
        if (!result.ok) {
            return problemText(result.problem);
        }
        onMade();
        if (way.value === 'certificate') {
            return issueCertificate(app, name, onMade);
        }
        showSecrets(app, name, [
            { label: 'User name', text: name },
            { label: 'Password', text: result.value.password ?? '' },
        ]);
        return null;
    };
    return (
        <FormDialog
            title="Add a machine"
            act="Add the machine"
            busy="Adding the machine"
            onAct={add}
            onClose={() => app.closeDialog()}
        >
            <Field id="machine-name" label="Name" note="Its own topics are below $m/<name>/.">
                <input
                    class="in mono"
                    id="machine-name"
                    data-first
                    placeholder="press-07"
                    autocomplete="off"
                    spellcheck={false}
                    maxLength={64}
                    value={machine.value}
                    aria-describedby={noteId('machine-name')}
                    onInput={(event) => (machine.value = event.currentTarget.value)}
                />
            </Field>
            <Field id="machine-note" label="Note">
                <input
                    class="in"
                    id="machine-note"
                    placeholder="Hall 2, by the door"
                    maxLength={200}
                    value={note.value}
                    onInput={(event) => (note.value = event.currentTarget.value)}
                />
            </Field>
            <TopicRolesField id="machine-roles" value={roles} />
            <Choices legend="It signs in with a" name="way" value={way} choices={ways} />
        </FormDialog>
    );
}

export function TopicRolesField({ id, value }: { id: string; value: Signal<string> }): VNode {
    return (
        <Field
            id={id}
            label="Topic roles"
            note="What it may publish and subscribe to: own, free, read, or roles of yours."
        >
            <input
                class="in mono"
                id={id}
                autocomplete="off"
                spellcheck={false}
                value={value.value}
                aria-describedby={noteId(id)}
                onInput={(event) => (value.value = event.currentTarget.value)}
            />
        </Field>
    );
}

export function showSecrets(app: App, machine: string, secrets: readonly Secret[]): void {
    app.openDialog(() => (
        <SecretDialog
            key={`secrets ${machine}`}
            title={`The credential of ${machine}`}
            note="It is shown once. Copy it now; this node keeps only what it needs to check it."
            secrets={secrets}
            onClose={() => app.closeDialog()}
        />
    ));
}
