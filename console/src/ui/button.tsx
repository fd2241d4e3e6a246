/* Buttons that recur: copy, segmented choice, icon button. */

import { useSignal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { Icon, type IconName } from './icon';

const copied_ms = 1_400;

/** The clipboard of the browser; without a secure context the old way, by a selection. */
export async function copyText(text: string): Promise<boolean> {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        return copyBySelection(text);
    }
}

function copyBySelection(text: string): boolean {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'vh';
    const host = document.querySelector('dialog[open]') ?? document.body;
    host.append(area);
    area.select();
    const isCopied = document.execCommand('copy');
    area.remove();
    return isCopied;
}

export function CopyButton({
    text,
    label = 'Copy',
    kind = 'quiet sm',
}: {
    text: string | (() => string);
    label?: ComponentChildren;
    kind?: string;
}): VNode {
    const state = useSignal<'idle' | 'done' | 'failed'>('idle');
    const onClick = async (): Promise<void> => {
        const isCopied = await copyText(typeof text === 'string' ? text : text());
        state.value = isCopied ? 'done' : 'failed';
        setTimeout(() => (state.value = 'idle'), copied_ms);
    };
    return (
        <button type="button" class={`btn ${kind}`} onClick={() => void onClick()}>
            <Icon name={state.value === 'done' ? 'check' : 'copy'} />
            {state.value === 'done' ? 'Copied' : state.value === 'failed' ? 'Not allowed' : label}
        </button>
    );
}

export interface Choice<T extends string> {
    value: T;
    label: string;
    title?: string;
    isDisabled?: boolean;
}

export function Segmented<T extends string>({
    label,
    choices,
    value,
    onChoose,
    kind = '',
}: {
    label: string;
    choices: readonly Choice<T>[];
    value: T;
    onChoose: (value: T) => void;
    kind?: string;
}): VNode {
    return (
        <div class={`seg ${kind}`} role="group" aria-label={label}>
            {choices.map((choice) => (
                <button
                    type="button"
                    key={choice.value}
                    aria-pressed={choice.value === value}
                    disabled={choice.isDisabled === true}
                    title={choice.title}
                    onClick={() => onChoose(choice.value)}
                >
                    {choice.label}
                </button>
            ))}
        </div>
    );
}

export function IconButton({
    icon,
    label,
    onClick,
    isPressed,
    kind = '',
}: {
    icon: IconName;
    label: string;
    onClick: () => void;
    isPressed?: boolean;
    kind?: string;
}): VNode {
    return (
        <button
            type="button"
            class={`ib ${kind}`}
            aria-label={label}
            title={label}
            aria-pressed={isPressed}
            onClick={onClick}
        >
            <Icon name={icon} />
        </button>
    );
}
