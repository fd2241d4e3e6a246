/* Words of the Security page that are worth a test: what the posture comes to, how long a
   certificate has, what a line of the audit means. */

import type { Security, SecurityCheck } from '../api/types';
import { count, plural } from '../format/number';
import type { Status } from '../ui/shape';

export type CheckState = SecurityCheck['state'];

const weight: Record<CheckState, number> = { problem: 0, attention: 1, unknown: 2, ok: 3 };

export const checkStatus: Record<CheckState, Status> = {
    problem: 'crit',
    attention: 'caution',
    unknown: 'unknown',
    ok: 'ok',
};

export const checkWord: Record<CheckState, string> = {
    problem: 'Problem',
    attention: 'Attention',
    unknown: 'Not known',
    ok: 'Fine',
};

export function worstFirst(checks: readonly SecurityCheck[]): SecurityCheck[] {
    return [...checks].sort((a, b) => weight[a.state] - weight[b.state]);
}

export function allChecks(security: Security): SecurityCheck[] {
    return security.headings.flatMap((heading) => heading.checks);
}

/** "1 problem and 2 things to improve; 14 of 17 checks are fine." */
export function postureText(security: Security): string {
    const checks = allChecks(security);
    const counted = (state: CheckState): number =>
        checks.filter((check) => check.state === state).length;
    const problems = counted('problem');
    const things = counted('attention');
    if (problems + things === 0) {
        const unknown = counted('unknown');
        return unknown === 0
            ? `All ${count(checks.length)} checks are fine.`
            : `Nothing to do; ${plural(unknown, 'check is', 'checks are')} not known.`;
    }
    const parts = [
        problems > 0 ? plural(problems, 'problem') : '',
        things > 0 ? plural(things, 'thing') + ' to improve' : '',
    ].filter((part) => part !== '');
    const fine = `${count(counted('ok'))} of ${count(checks.length)} checks are fine`;
    return `${parts.join(' and ')}; ${fine}.`;
}

export function fineText(checks: readonly SecurityCheck[]): string {
    const fine = checks.filter((check) => check.state === 'ok').length;
    return fine === checks.length
        ? `all ${count(fine)} fine`
        : `${count(fine)} of ${count(checks.length)} fine`;
}

const days_soon = 30;

/** What the days that a certificate has left are worth. */
export function daysStatus(days: number): Status {
    return days < 0 ? 'crit' : days < days_soon ? 'caution' : 'ok';
}

export function daysText(days: number): string {
    return days < 0 ? `ended ${plural(-days, 'day')} ago` : `${plural(days, 'day')} left`;
}

/** "aabbcc..." as people compare it: "aa:bb:cc:...", the first bytes only. */
export function shortFingerprint(hex: string): string {
    const pairs = hex.match(/../g) ?? [];
    return pairs.length <= 8 ? pairs.join(':') : `${pairs.slice(0, 8).join(':')}…`;
}

/** Why a name of a machine, user or role cannot be; null if it can. */
export function wordProblem(text: string, what: string): string | null {
    if (text === '') {
        return 'A name is needed.';
    }
    return /^[\w.:-]{1,64}$/.test(text)
        ? null
        : `A ${what} has 1 to 64 letters, digits, dots, dashes and underscores.`;
}

/** Names with spaces or commas between, each once. */
export function splitNames(text: string): string[] {
    return [...new Set(text.split(/[\s,]+/).filter((name) => name !== ''))];
}
