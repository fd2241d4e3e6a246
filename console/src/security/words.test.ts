import { describe, expect, it } from 'vitest';
import type { Security, SecurityCheck } from '../api/types';
import {
    daysStatus,
    daysText,
    fineText,
    postureText,
    shortFingerprint,
    splitNames,
    wordProblem,
    worstFirst,
} from './words';

function check(state: SecurityCheck['state']): SecurityCheck {
    return { id: `x.${state}`, title: state, state, detail: '', fix: null, link: null };
}

function security(...states: SecurityCheck['state'][]): Security {
    return {
        at: '',
        state: 'ok',
        headings: [{ id: 'identify', title: 'Identify', checks: states.map(check) }],
        listeners: [],
        certificates: [],
    };
}

describe('the posture in words', () => {
    it('counts what is to do and what is fine', () => {
        expect(postureText(security('ok', 'problem', 'attention', 'attention'))).toBe(
            '1 problem and 2 things to improve; 1 of 4 checks are fine.',
        );
        expect(postureText(security('ok', 'attention'))).toBe(
            '1 thing to improve; 1 of 2 checks are fine.',
        );
    });

    it('is calm only when all is fine, and says what is not known', () => {
        expect(postureText(security('ok', 'ok'))).toBe('All 2 checks are fine.');
        expect(postureText(security('ok', 'unknown'))).toBe('Nothing to do; 1 check is not known.');
    });

    it('puts the worst first and keeps the order else', () => {
        const checks = [check('ok'), check('unknown'), check('problem'), check('attention')];
        expect(worstFirst(checks).map((one) => one.state)).toEqual([
            'problem',
            'attention',
            'unknown',
            'ok',
        ]);
    });

    it('says how many of a heading are fine', () => {
        expect(fineText([check('ok'), check('unknown')])).toBe('1 of 2 fine');
        expect(fineText([check('ok')])).toBe('all 1 fine');
    });
});

describe('certificates in words', () => {
    it('turn from fine to caution below 30 days, and to critical once over', () => {
        expect([30, 29, 0, -1].map(daysStatus)).toEqual(['ok', 'caution', 'caution', 'crit']);
        expect(daysText(1)).toBe('1 day left');
        expect(daysText(-3)).toBe('ended 3 days ago');
    });

    it('are named by the first bytes of their fingerprint', () => {
        expect(shortFingerprint('aabbcc')).toBe('aa:bb:cc');
        expect(shortFingerprint('00112233445566778899')).toBe('00:11:22:33:44:55:66:77…');
    });
});

describe('names', () => {
    it('are words without spaces', () => {
        expect(wordProblem('press-07', 'machine')).toBeNull();
        expect(wordProblem('', 'machine')).toBe('A name is needed.');
        expect(wordProblem('hall 2', 'machine')).toContain('A machine has');
        expect(wordProblem('x'.repeat(65), 'role')).not.toBeNull();
    });

    it('are split at spaces and commas, each once', () => {
        expect(splitNames(' own, sensor  own ')).toEqual(['own', 'sensor']);
        expect(splitNames('')).toEqual([]);
    });
});
