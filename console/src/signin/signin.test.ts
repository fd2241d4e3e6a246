import { describe, expect, it } from 'vitest';
import { codeIn } from './claim_page';
import { refusalText } from './signin_page';

describe('a refused sign-in', () => {
    const problem = (status: number, change: object = {}) => ({
        title: 'No',
        status,
        code: 'session.refused',
        ...change,
    });

    it('says how many tries are left, and not which part was wrong', () => {
        expect(refusalText(problem(401, { tries_left: 4 }), 0)).toBe(
            'The last try was refused: wrong name or password. 4 tries left, then a pause.',
        );
        expect(refusalText(problem(401, { tries_left: 1 }), 0)).toContain('1 try left');
    });

    it('counts the pause down, and says when it is over', () => {
        expect(refusalText(problem(429), 12)).toContain('possible in 12 s');
        expect(refusalText(problem(429), 0)).toContain('try again');
    });

    it('gives the words of the node for everything else', () => {
        expect(refusalText(problem(503, { detail: 'the store is read only' }), 0)).toBe(
            'The store is read only.',
        );
    });
});

describe('a claim code', () => {
    it('is taken from a whole link, or as it is', () => {
        expect(codeIn('http://127.0.0.1:8080/claim#abc-123 ')).toBe('abc-123');
        expect(codeIn(' abc-123')).toBe('abc-123');
    });
});
