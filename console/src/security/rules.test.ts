import { describe, expect, it } from 'vitest';
import { diffOf, problemsOf, readLineProblem, rulePieces } from './rules';

describe('rules of a topic role', () => {
    it('are read line by line; comments and empty lines are nothing', () => {
        const rules = [
            '# a comment',
            '',
            'allow publish   plant/${machine}/#',
            '  deny  both  plant/+/recipe/# ',
            'allow subscribe #',
        ].join('\n');
        expect(problemsOf(rules)).toEqual([]);
    });

    it.each([
        ['permit both #', 'expected allow or deny'],
        ['allow read #', 'expected publish, subscribe or both'],
        ['allow both', 'expected a topic or a filter'],
        ['allow both a/#/b', 'expected # alone, as the last level'],
        ['allow both a/b#', 'expected # alone, as the last level'],
        ['allow both a/b+', 'expected + alone in its level'],
        [
            'allow both a/x${machine}',
            'expected ${client}, ${machine} or ${tenant} as a whole level',
        ],
        [`allow both ${'a/'.repeat(32)}a`, 'expected at most 32 levels'],
    ])('say what is wrong: %s', (rule, problem) => {
        expect(problemsOf(`# first\n${rule}`)).toEqual([{ line: 2, text: problem }]);
    });

    it('understand what the node found wrong', () => {
        expect(readLineProblem('rules: line 3, column 7: expected allow or deny')).toEqual({
            line: 3,
            column: 7,
            text: 'expected allow or deny',
        });
        expect(readLineProblem('too long')).toBeNull();
    });

    it('are coloured in parts that join to the line again', () => {
        for (const line of ['deny both a/#', '  allow publish   a', '# x', 'nonsense', '']) {
            expect(
                rulePieces(line)
                    .map((piece) => piece.text)
                    .join(''),
            ).toBe(line);
        }
        expect(rulePieces('deny both a')[0]?.kind).toBe('deny');
    });
});

describe('the difference of two texts', () => {
    const kinds = (before: string, after: string): string[] =>
        diffOf(before, after).map((line) => `${line.kind} ${line.text}`);

    it('keeps what is common', () => {
        expect(kinds('a\nb\nc', 'a\nx\nc')).toEqual(['same a', 'gone b', 'new x', 'same c']);
        expect(kinds('a', 'a')).toEqual(['same a']);
    });

    it('is all new or all gone against nothing', () => {
        expect(kinds('', 'a\nb')).toEqual(['gone ', 'new a', 'new b']);
        expect(kinds('a', '')).toEqual(['gone a', 'new ']);
    });

    it('gives both texts back', () => {
        const before = 'a\nb\nc\nd\ne';
        const after = 'b\nx\nd\ny\ne\nz';
        const lines = diffOf(before, after);
        const text = (not: string): string =>
            lines
                .filter((line) => line.kind !== not)
                .map((line) => line.text)
                .join('\n');
        expect(text('new')).toBe(before);
        expect(text('gone')).toBe(after);
    });
});
