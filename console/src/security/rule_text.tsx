/* Rules to read: numbered, coloured, one line marked. */

import type { VNode } from 'preact';
import { rulePieces } from './rules';

const classOf = { deny: 'c-crit strong', word: 'k', comment: 'o', plain: '' } as const;

export function RuleLine({ text }: { text: string }): VNode {
    return (
        <>
            {rulePieces(text).map((piece, index) => (
                <span key={index} class={classOf[piece.kind]}>
                    {piece.text}
                </span>
            ))}
        </>
    );
}

export function RuleText(props: { rules: string; mark?: number; label: string }): VNode {
    const lines = props.rules.replace(/\n$/, '').split('\n');
    return (
        <div class="code ln">
            <pre tabIndex={0} aria-label={props.label}>
                {lines.map((line, index) => (
                    <span key={index} class={index + 1 === props.mark ? 'hl' : ''}>
                        <RuleLine text={line} />
                    </span>
                ))}
            </pre>
        </div>
    );
}
