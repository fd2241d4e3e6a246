/* What a node that takes no part in a mesh shows: found one here, join one with a token, or turn on
   what is off; as buttons for who may, and as the commands that do the same. */

import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import type { App } from '../app/app';
import { problemText, sentence } from '../api/client';
import type { Mesh } from '../api/types';
import { Field, noteId } from '../ui/field';
import { CodeBox, FormDialog } from '../ui/form_dialog';
import { Empty } from '../ui/states';
import type { Stage } from './model';

interface Props {
    app: App;
    mesh: Mesh;
    stage: Extract<Stage, 'none' | 'joining' | 'off'>;
    onChanged: () => void;
}

export function Start({ app, mesh, stage, onChanged }: Props): VNode {
    const isAdmin = app.mayAct('admin');
    const join = (
        <button
            type="button"
            class="btn"
            onClick={() => app.openDialog(() => <Join app={app} onChanged={onChanged} />)}
        >
            Join with a token
        </button>
    );
    switch (stage) {
        case 'none':
            return (
                <Empty
                    title="This node belongs to no mesh"
                    actions={
                        isAdmin && (
                            <>
                                <button
                                    type="button"
                                    class="btn pri"
                                    onClick={() => void found(app, onChanged)}
                                >
                                    Found a mesh here
                                </button>
                                {join}
                            </>
                        )
                    }
                >
                    <p>
                        A mesh lets nodes find one another and carry messages without a server
                        between them. One line founds one, with the node running, and prints a token
                        for the next node:
                    </p>
                    <CodeBox
                        secret={{ label: 'Found a mesh', text: 'kith mesh invite --data data' }}
                    />
                </Empty>
            );
        case 'joining':
            return (
                <Empty title="This node is joining a mesh" actions={isAdmin && join}>
                    <p>
                        {sentence(mesh.reason ?? '')} It becomes a member when a node that may let
                        it in answers. If the token has ended, ask for a new one.
                    </p>
                </Empty>
            );
        case 'off':
            return (
                <Empty title="The mesh is off">
                    <p>
                        {sentence(mesh.reason ?? '')} This node is a member; it takes part when it
                        is started with an address for the mesh:
                    </p>
                    <CodeBox
                        secret={{
                            label: 'Turn it on',
                            text: 'kith run --data data --mesh 0.0.0.0:7883',
                        }}
                    />
                </Empty>
            );
    }
}

async function found(app: App, onChanged: () => void): Promise<void> {
    const result = await app.client.post('/api/v1/mesh', {});
    if (result.ok) {
        app.toast('The mesh is founded; this node is its first');
    } else {
        app.toastProblem('No mesh was founded', result.problem);
    }
    onChanged();
}

function Join({ app, onChanged }: { app: App; onChanged: () => void }): VNode {
    const token = useSignal('');
    const name = useSignal(app.store.nodeName.peek());
    const join = async (): Promise<string | null> => {
        const text = token.value.trim();
        if (text === '') {
            return 'The token is missing.';
        }
        const result = await app.client.post(
            '/api/v1/mesh',
            { token: text, name: name.value.trim() },
            { isSecret: true },
        );
        if (!result.ok) {
            return problemText(result.problem);
        }
        app.closeDialog();
        app.toast('The token is kept; this node asks to be let in');
        onChanged();
        return null;
    };
    return (
        <FormDialog
            title="Join a mesh"
            act="Join"
            busy="Keeping the token"
            onAct={join}
            onClose={() => app.closeDialog()}
        >
            <Field
                id="join-token"
                label="Token"
                note="As a member of the mesh made it; it starts with kith1."
            >
                <textarea
                    class="in mono"
                    id="join-token"
                    data-first
                    rows={4}
                    autocomplete="off"
                    spellcheck={false}
                    value={token.value}
                    aria-describedby={noteId('join-token')}
                    onInput={(event) => (token.value = event.currentTarget.value)}
                />
            </Field>
            <Field id="join-name" label="What this node is called there">
                <input
                    class="in"
                    id="join-name"
                    maxLength={64}
                    value={name.value}
                    onInput={(event) => (name.value = event.currentTarget.value)}
                />
            </Field>
        </FormDialog>
    );
}
