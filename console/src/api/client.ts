/* Calls to the node. A failed call is a Problem in the result, never an exception; each call is
   noted, so that a page can list what it asked. Cookie session: writes carry the token header. */

import type { Problem } from './types';

export type Result<T> = { ok: true; value: T } | { ok: false; problem: Problem };

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One finished call, as the API line shows it. */
export interface Call {
    method: Method;
    path: string;
    status: number;
    took_ms: number;
    bytes: number;
    body: string | null;
}

export interface CallOptions {
    body?: unknown;
    signal?: AbortSignal;
    /** Calls that carry a password are not noted. */
    isSecret?: boolean;
    /** The version that is to be replaced: refused if somebody was faster. */
    ifMatch?: string;
    /** Refused if it is there already. */
    mustBeNew?: boolean;
}

export interface ClientOptions {
    fetch: typeof fetch;
    now_ms: () => number;
    onCall: (call: Call) => void;
    onSignedOut: () => void;
}

export const codeNoAnswer = 'console.no_answer';
export const codeCancelled = 'console.cancelled';

const call_timeout_ms = 15_000;

export class Client {
    private csrf_token = '';

    constructor(private readonly options: ClientOptions) {}

    useToken(csrf_token: string): void {
        this.csrf_token = csrf_token;
    }

    get<T>(path: string, options: CallOptions = {}): Promise<Result<T>> {
        return this.call<T>('GET', path, options);
    }

    /** What is no JSON: the metrics. */
    getText(path: string, options: CallOptions = {}): Promise<Result<string>> {
        return this.ask('GET', path, options);
    }

    post<T>(path: string, body: unknown, options: CallOptions = {}): Promise<Result<T>> {
        return this.call<T>('POST', path, { ...options, body });
    }

    put<T>(path: string, body: unknown, options: CallOptions = {}): Promise<Result<T>> {
        return this.call<T>('PUT', path, { ...options, body });
    }

    patch<T>(path: string, body: unknown, options: CallOptions = {}): Promise<Result<T>> {
        return this.call<T>('PATCH', path, { ...options, body });
    }

    remove(path: string): Promise<Result<null>> {
        return this.call<null>('DELETE', path, {});
    }

    private async call<T>(method: Method, path: string, options: CallOptions): Promise<Result<T>> {
        const answer = await this.ask(method, path, options);
        return answer.ok ? readValue<T>(answer.value) : answer;
    }

    /** The text of an answer that is a success. */
    private async ask(method: Method, path: string, options: CallOptions): Promise<Result<string>> {
        const started_ms = this.options.now_ms();
        const body = options.body === undefined ? null : JSON.stringify(options.body);
        const answer = await this.fetchText(method, path, { ...options, body });
        if (!answer.ok) {
            return answer;
        }
        const { status, text } = answer.value;
        if (options.isSecret !== true) {
            const took_ms = this.options.now_ms() - started_ms;
            this.options.onCall({ method, path, status, took_ms, bytes: text.length, body });
        }
        if (status >= 200 && status < 300) {
            return { ok: true, value: text };
        }
        const problem = readProblem(status, text);
        if (problem.code === 'session.required') {
            this.options.onSignedOut();
        }
        return { ok: false, problem };
    }

    private async fetchText(
        method: Method,
        path: string,
        options: CallOptions & { body: string | null },
    ): Promise<Result<{ status: number; text: string }>> {
        const headers: Record<string, string> = { Accept: 'application/json' };
        if (options.body !== null) {
            headers['Content-Type'] = 'application/json';
        }
        if (method !== 'GET' && this.csrf_token !== '') {
            headers['X-Kith-Token'] = this.csrf_token;
        }
        if (options.ifMatch !== undefined) {
            headers['If-Match'] = options.ifMatch;
        }
        if (options.mustBeNew === true) {
            headers['If-None-Match'] = '*';
        }
        const timeout = AbortSignal.timeout(call_timeout_ms);
        const signal = anyOf(options.signal ? [options.signal, timeout] : [timeout]);
        try {
            const response = await this.options.fetch(path, {
                method,
                headers,
                body: options.body,
                signal,
                credentials: 'same-origin',
                cache: 'no-store',
            });
            return { ok: true, value: { status: response.status, text: await response.text() } };
        } catch {
            return {
                ok: false,
                problem: noAnswer(options.signal?.aborted === true, timeout.aborted),
            };
        }
    }
}

/** Aborts when one of the signals does. AbortSignal.any would do, but not in Node.js 18. */
export function anyOf(signals: readonly AbortSignal[]): AbortSignal {
    const joined = new AbortController();
    for (const one of signals) {
        if (one.aborted) {
            joined.abort();
        }
        one.addEventListener('abort', () => joined.abort(), { once: true, signal: joined.signal });
    }
    return joined.signal;
}

function noAnswer(isCancelled: boolean, isLate: boolean): Problem {
    if (isCancelled) {
        return { title: 'Cancelled', status: 0, code: codeCancelled };
    }
    const detail = isLate
        ? `No answer within ${call_timeout_ms / 1000} s.`
        : 'The connection could not be made, or it broke.';
    return { title: 'The node does not answer', status: 0, detail, code: codeNoAnswer };
}

function readValue<T>(text: string): Result<T> {
    try {
        // style: the one place where bytes of the node become a typed value; api/types.ts is its contract.
        return { ok: true, value: (text === '' ? null : JSON.parse(text)) as T };
    } catch {
        return {
            ok: false,
            problem: { title: 'The answer is no JSON', status: 200, code: 'console.bad_answer' },
        };
    }
}

export function readProblem(status: number, text: string): Problem {
    const fallback: Problem = {
        title: `The node answered ${status}`,
        status,
        code: `http.${status}`,
    };
    try {
        const value = JSON.parse(text) as unknown;
        if (typeof value === 'object' && value !== null) {
            return { ...fallback, ...(value as Partial<Problem>), status };
        }
    } catch {
        /* A proxy's error page, for example: the status says enough. */
    }
    return fallback;
}

/** Makes a sentence of a phrase of the node, so that more can follow. A name stays as it is. */
export function sentence(text: string): string {
    const isPhrase = /^[a-z]+([ ,]|$)/.test(text);
    const start = isPhrase ? text.charAt(0).toUpperCase() + text.slice(1) : text;
    return /[.?]$/.test(start) ? start : `${start}.`;
}

/** One line for people: the detail where there is one. */
export function problemText(problem: Problem): string {
    return sentence(problem.detail ?? problem.title);
}

/** Query string from what is set; empty text and undefined are left out. */
export function query(values: Record<string, string | number | undefined>): string {
    const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
    const text = pairs
        .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
        .join('&');
    return text === '' ? '' : `?${text}`;
}

function shellQuote(text: string): string {
    return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The same call for a shell; the token comes from the environment, never from the page. */
export function asCurl(call: Pick<Call, 'method' | 'path' | 'body'>, origin: string): string {
    const words = ['curl -H "Authorization: Bearer $KITH_TOKEN"'];
    if (call.method !== 'GET') {
        words.push(`-X ${call.method}`);
    }
    if (call.body !== null) {
        words.push(`-H 'Content-Type: application/json' -d ${shellQuote(call.body)}`);
    }
    words.push(shellQuote(origin + call.path));
    return words.join(' ');
}
