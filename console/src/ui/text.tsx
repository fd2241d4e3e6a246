/* Small pieces of text: a number with its unit, a moment, a payload in colours, a marked match. */

import type { ComponentChildren, VNode } from 'preact';
import { bytes } from '../format/number';
import { parts } from '../format/payload';
import { absolute, parseTime, when } from '../format/time';

export function Num({ value, unit }: { value: ComponentChildren; unit?: string }): VNode {
    return (
        <span class="n">
            {value}
            {unit !== undefined && unit !== '' && <u>{unit}</u>}
        </span>
    );
}

export function Bytes({ value }: { value: number }): VNode {
    const quantity = bytes(value);
    return <Num value={quantity.value} unit={quantity.unit} />;
}

/** Relative under one hour; the absolute time stands in the title. */
export function When({ at, now_ms }: { at: string | null | undefined; now_ms: number }): VNode {
    const at_ms = parseTime(at);
    return at_ms === null ? (
        <span class="faint">never</span>
    ) : (
        <time dateTime={at ?? ''} title={absolute(at_ms)}>
            {when(at_ms, now_ms)}
        </time>
    );
}

const classOf = { key: 'p', text: 's', number: 'm', word: 'k', plain: '' } as const;

/** A payload with coloured parts. A part that cuts a match keeps its mark. */
export function Payload({ text, words }: { text: string; words?: readonly string[] }): VNode {
    return (
        <>
            {parts(text).map((part, index) => (
                <span key={index} class={classOf[part.kind]}>
                    <Marked text={part.text} words={words ?? []} />
                </span>
            ))}
        </>
    );
}

export interface MarkedPart {
    text: string;
    isMatch: boolean;
}

/** Cuts a text at every occurrence of a word, without regard to case. */
export function markWords(text: string, words: readonly string[]): MarkedPart[] {
    const wanted = words.map((word) => word.toLowerCase()).filter((word) => word !== '');
    const lower = text.toLowerCase();
    const found: MarkedPart[] = [];
    let start = 0;
    let at = 0;
    while (at < text.length) {
        const word = wanted.find((one) => lower.startsWith(one, at));
        if (word === undefined) {
            at += 1;
            continue;
        }
        if (at > start) {
            found.push({ text: text.slice(start, at), isMatch: false });
        }
        found.push({ text: text.slice(at, at + word.length), isMatch: true });
        at += word.length;
        start = at;
    }
    if (start < text.length || found.length === 0) {
        found.push({ text: text.slice(start), isMatch: false });
    }
    return found;
}

export function Marked({ text, words }: { text: string; words: readonly string[] }): VNode {
    if (words.length === 0) {
        return <>{text}</>;
    }
    return (
        <>
            {markWords(text, words).map((part, index) =>
                part.isMatch ? <mark key={index}>{part.text}</mark> : part.text,
            )}
        </>
    );
}
