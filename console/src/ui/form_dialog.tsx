/* A dialog with fields: one act, which is busy while it runs and says why when it fails. And the
   dialog that shows a secret the only time that it is seen. */

import { useSignal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { CopyButton } from './button';
import { Dialog } from './dialog';
import { Shape } from './shape';

export function FormDialog(props: {
    title: string;
    act: string;
    busy: string;
    /** On the button that does nothing; "Cancel" unless something is lost otherwise. */
    keep?: string;
    isDanger?: boolean;
    /** The reason why not, or null when it is done. */
    onAct: () => Promise<string | null>;
    onClose: () => void;
    children: ComponentChildren;
}): VNode {
    const problem = useSignal<string | null>(null);
    const isBusy = useSignal(false);
    const run = async (): Promise<void> => {
        isBusy.value = true;
        problem.value = null;
        problem.value = await props.onAct();
        isBusy.value = false;
    };
    return (
        <Dialog label={props.title} onClose={props.onClose}>
            <form
                class="dlg"
                onSubmit={(event) => {
                    event.preventDefault();
                    void run();
                }}
            >
                <h2>{props.title}</h2>
                {props.children}
                {problem.value !== null && (
                    <p class="form-problem" role="alert">
                        <Shape status="crit" label="Failed" />
                        <span>{problem.value}</span>
                    </p>
                )}
                <div class="acts">
                    <button type="button" class="btn" onClick={props.onClose}>
                        {props.keep ?? 'Cancel'}
                    </button>
                    <button
                        class={props.isDanger === true ? 'btn danger' : 'btn pri'}
                        disabled={isBusy.value}
                    >
                        {isBusy.value ? props.busy : props.act}
                    </button>
                </div>
            </form>
        </Dialog>
    );
}

export interface Secret {
    label: string;
    text: string;
    /** Offered as a file under this name. */
    file?: string;
}

export function SecretDialog(props: {
    title: string;
    note: ComponentChildren;
    secrets: readonly Secret[];
    children?: ComponentChildren;
    onClose: () => void;
}): VNode {
    return (
        <Dialog label={props.title} onClose={props.onClose}>
            <div class="dlg">
                <h2>{props.title}</h2>
                <p>{props.note}</p>
                {props.secrets.map((secret) => (
                    <CodeBox key={secret.label} secret={secret} />
                ))}
                {props.children}
                <div class="acts">
                    <button type="button" class="btn pri" data-first onClick={props.onClose}>
                        I have copied it
                    </button>
                </div>
            </div>
        </Dialog>
    );
}

export function CodeBox({ secret }: { secret: Secret }): VNode {
    const { file } = secret;
    return (
        <div class="code">
            <div class="ch">
                <span class="ell">{secret.label}</span>
                <span class="sp" />
                {file !== undefined && (
                    <button
                        type="button"
                        class="btn quiet sm"
                        onClick={() => saveFile(file, secret.text, 'application/x-pem-file')}
                    >
                        Save {file}
                    </button>
                )}
                <CopyButton text={secret.text} />
            </div>
            <pre class={secret.text.length > 200 ? 'wrapped tall' : 'wrapped'}>{secret.text}</pre>
        </div>
    );
}

/** Gives the browser a file that exists on this page only. */
export function saveFile(name: string, text: string, type: string): void {
    const url = URL.createObjectURL(new Blob([text], { type }));
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
    URL.revokeObjectURL(url);
}
