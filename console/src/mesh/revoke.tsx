/* Puts a node out of the mesh, for ever: its name is typed. */

import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { problemText } from '../api/client';
import { Field } from '../ui/field';
import { FormDialog } from '../ui/form_dialog';
import type { MeshModel } from './mesh_model';
import type { GraphNode } from './model';

export function openRevoke(model: MeshModel, node: GraphNode): void {
    model.app.openDialog(() => <Revoke model={model} node={node} />);
}

function Revoke({ model, node }: { model: MeshModel; node: GraphNode }): VNode {
    const { app } = model;
    const typed = useSignal('');
    const revoke = async (): Promise<string | null> => {
        if (typed.value.trim() !== node.name) {
            return `Type ${node.name} to confirm.`;
        }
        const result = await app.client.remove(`/api/v1/mesh/nodes/${node.id}`);
        if (!result.ok) {
            return problemText(result.problem);
        }
        app.closeDialog();
        app.toast(`${node.name} is revoked`);
        void model.invites.read();
        void model.nodes.read();
        return null;
    };
    return (
        <FormDialog
            title={`Revoke ${node.name}?`}
            act={`Revoke ${node.name}`}
            busy="Revoking"
            keep="Keep it"
            isDanger
            onAct={revoke}
            onClose={() => app.closeDialog()}
        >
            <p>
                Its key is worth nothing from now on: this node ends its links to it and takes
                nothing of it. It can come back only with a new key and a new invite.
            </p>
            <Field id="revoke-name" label="Type the name to confirm">
                <input
                    class="in mono"
                    id="revoke-name"
                    data-first
                    placeholder={node.name}
                    autocomplete="off"
                    spellcheck={false}
                    value={typed.value}
                    onInput={(event) => (typed.value = event.currentTarget.value)}
                />
            </Field>
        </FormDialog>
    );
}
