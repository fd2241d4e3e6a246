/* A modal dialog: the browser's own, which traps the focus, closes on Esc and gives the focus
   back. */

import type { ComponentChildren, VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

export function Dialog({
    label,
    kind = '',
    onClose,
    children,
}: {
    label: string;
    kind?: string;
    onClose: () => void;
    children: ComponentChildren;
}): VNode {
    const element = useRef<HTMLDialogElement>(null);
    // Before the next key: what is typed right after Ctrl K belongs to the palette.
    useLayoutEffect(() => {
        const dialog = element.current;
        const before = document.activeElement;
        if (dialog && !dialog.open) {
            dialog.showModal();
            dialog.querySelector<HTMLElement>('[data-first]')?.focus();
        }
        return () => {
            // While the dialog is there, nothing else takes the focus: after it is gone.
            queueMicrotask(() => {
                if (before instanceof HTMLElement && before.isConnected) {
                    before.focus({ preventScroll: true });
                }
            });
        };
    }, []);
    return (
        <dialog
            ref={element}
            class={kind}
            aria-label={label}
            onClose={onClose}
            onCancel={onClose}
            onClick={(event) => {
                if (event.target === element.current) {
                    onClose();
                }
            }}
        >
            {children}
        </dialog>
    );
}

/** Confirms a loss. The button repeats the object; the other one keeps it. */
export function Confirm({
    title,
    children,
    act,
    keep,
    onAct,
    onClose,
    isDanger = true,
}: {
    title: string;
    children: ComponentChildren;
    act: string;
    keep: string;
    onAct: () => void;
    onClose: () => void;
    isDanger?: boolean;
}): VNode {
    return (
        <Dialog label={title} onClose={onClose}>
            <div class="dlg">
                <h2>{title}</h2>
                {children}
                <div class="acts">
                    <button type="button" class="btn" data-first onClick={onClose}>
                        {keep}
                    </button>
                    <button
                        type="button"
                        class={isDanger ? 'btn danger' : 'btn pri'}
                        onClick={() => {
                            onClose();
                            onAct();
                        }}
                    >
                        {act}
                    </button>
                </div>
            </div>
        </Dialog>
    );
}
