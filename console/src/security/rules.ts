/* The language of topic roles, as far as an editor needs it: what is wrong with each line, as the
   node says it, while somebody still types; and the difference between two texts. The node has the
   last word: src/access/topic_rules.h. */

import type { TopicRole } from '../api/types';

export interface LineProblem {
    /** From 1. */
    line: number;
    /** From 1, where the node named one. */
    column?: number;
    text: string;
}

const variables = ['${client}', '${machine}', '${tenant}'];
const levels_max = 32;

function patternProblem(pattern: string): string | null {
    if (pattern === '') {
        return 'expected a topic or a filter';
    }
    const levels = pattern.split('/');
    if (levels.length > levels_max) {
        return `expected at most ${levels_max} levels`;
    }
    for (const [index, level] of levels.entries()) {
        if (level.includes('#') && (level !== '#' || index !== levels.length - 1)) {
            return 'expected # alone, as the last level';
        }
        if (level.includes('+') && level !== '+') {
            return 'expected + alone in its level';
        }
        if (level.includes('${') && !variables.includes(level)) {
            return 'expected ${client}, ${machine} or ${tenant} as a whole level';
        }
    }
    return null;
}

function ruleProblem(rule: string): string | null {
    const [effect = '', action = '', ...rest] = rule.split(/[ \t]+/);
    if (effect !== 'allow' && effect !== 'deny') {
        return 'expected allow or deny';
    }
    if (!['publish', 'subscribe', 'both'].includes(action)) {
        return 'expected publish, subscribe or both';
    }
    return patternProblem(rest.join(' '));
}

export function problemsOf(rules: string): LineProblem[] {
    return rules.split('\n').flatMap((text, index) => {
        const rule = text.trim();
        const problem = rule === '' || rule.startsWith('#') ? null : ruleProblem(rule);
        return problem === null ? [] : [{ line: index + 1, text: problem }];
    });
}

/** "line 3, column 7: expected ..." of the node, taken apart. */
export function readLineProblem(text: string): LineProblem | null {
    const found = /line (\d+)(?:, column (\d+))?: (.*)/.exec(text);
    if (!found) {
        return null;
    }
    const column = found[2] === undefined ? {} : { column: Number(found[2]) };
    return { line: Number(found[1]), ...column, text: found[3] ?? '' };
}

export interface DiffLine {
    kind: 'same' | 'new' | 'gone';
    text: string;
}

/** The longest common lines stay; the rest went or came. Texts are short: 1,000 lines at most. */
export function diffOf(before: string, after: string): DiffLine[] {
    const old = before.split('\n');
    const now = after.split('\n');
    const lengths = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
    const lengthAt = (a: number, b: number): number => lengths[a]?.[b] ?? 0;
    for (let a = old.length - 1; a >= 0; a -= 1) {
        for (let b = now.length - 1; b >= 0; b -= 1) {
            const row = lengths[a];
            if (row) {
                row[b] =
                    old[a] === now[b]
                        ? lengthAt(a + 1, b + 1) + 1
                        : Math.max(lengthAt(a + 1, b), lengthAt(a, b + 1));
            }
        }
    }
    const lines: DiffLine[] = [];
    let a = 0;
    let b = 0;
    while (a < old.length || b < now.length) {
        if (a < old.length && b < now.length && old[a] === now[b]) {
            lines.push({ kind: 'same', text: old[a] ?? '' });
            a += 1;
            b += 1;
        } else if (
            b >= now.length ||
            (a < old.length && lengthAt(a + 1, b) >= lengthAt(a, b + 1))
        ) {
            lines.push({ kind: 'gone', text: old[a] ?? '' });
            a += 1;
        } else {
            lines.push({ kind: 'new', text: now[b] ?? '' });
            b += 1;
        }
    }
    return lines;
}

/** A rule in parts, to be coloured: effect, action, pattern; or a comment. */
export function rulePieces(
    line: string,
): { kind: 'deny' | 'word' | 'comment' | 'plain'; text: string }[] {
    if (line.trim().startsWith('#')) {
        return [{ kind: 'comment', text: line }];
    }
    const found = /^(\s*)(allow|deny)(\s+)(publish|subscribe|both)(\s+)(.*)$/.exec(line);
    if (!found) {
        return [{ kind: 'plain', text: line }];
    }
    const [, indent = '', effect = '', gap = '', action = '', gap2 = '', pattern = ''] = found;
    return [
        { kind: effect === 'deny' ? 'deny' : 'word', text: indent + effect },
        { kind: 'plain', text: gap + action + gap2 + pattern },
    ];
}

export function originOf(role: TopicRole): string {
    return role.built_in ? 'built in' : role.from_file ? 'from a file' : 'yours';
}
