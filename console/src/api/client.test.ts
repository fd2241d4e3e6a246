import { describe, expect, it } from 'vitest';
import {
    asCurl,
    Client,
    codeCancelled,
    codeNoAnswer,
    query,
    readProblem,
    sentence,
    type Call,
} from './client';

interface Sent {
    path: string;
    init: RequestInit;
}

function client(answer: (sent: Sent) => Response | Promise<Response>): {
    client: Client;
    calls: Call[];
    sent: Sent[];
    signedOut: () => number;
} {
    const calls: Call[] = [];
    const sent: Sent[] = [];
    let signedOut = 0;
    const made = new Client({
        fetch: async (path, init) => {
            const one = { path: String(path), init: init ?? {} };
            sent.push(one);
            return answer(one);
        },
        now_ms: () => 0,
        onCall: (call) => calls.push(call),
        onSignedOut: () => (signedOut += 1),
    });
    return { client: made, calls, sent, signedOut: () => signedOut };
}

const json = (value: unknown, status = 200): Response =>
    new Response(JSON.stringify(value), { status });

describe('the client', () => {
    it('gives the value and notes the call', async () => {
        const { client: made, calls } = client(() => json({ node: 'gw-1' }));
        expect(await made.get('/api/v1/claim')).toEqual({ ok: true, value: { node: 'gw-1' } });
        expect(calls.map((call) => `${call.method} ${call.path} ${call.status}`)).toEqual([
            'GET /api/v1/claim 200',
        ]);
    });

    it('takes an empty answer', async () => {
        const { client: made } = client(() => new Response(null, { status: 204 }));
        expect(await made.remove('/api/v1/session')).toEqual({ ok: true, value: null });
    });

    it('sends the token header on writes and on writes only', async () => {
        const { client: made, sent } = client(() => json({}));
        made.useToken('t1');
        await made.get('/a');
        await made.post('/b', { x: 1 });
        const headers = sent.map((one) => one.init.headers as Record<string, string>);
        expect(headers[0]?.['X-Kith-Token']).toBeUndefined();
        expect(headers[1]?.['X-Kith-Token']).toBe('t1');
        expect(sent[1]?.init.body).toBe('{"x":1}');
    });

    it('replaces and changes, with the version where one is given', async () => {
        const { client: made, sent } = client(() => json({}));
        await made.put('/roles/a', { rules: '' }, { ifMatch: '"7"' });
        await made.patch('/users/a', { role: 'viewer' });
        const headers = sent.map((one) => one.init.headers as Record<string, string>);
        expect(sent.map((one) => one.init.method)).toEqual(['PUT', 'PATCH']);
        expect(headers[0]?.['If-Match']).toBe('"7"');
        expect(headers[1]?.['If-Match']).toBeUndefined();
    });

    it('does not note a call with a secret', async () => {
        const { client: made, calls } = client(() => json({}));
        await made.post('/api/v1/session', { password: 'x' }, { isSecret: true });
        expect(calls).toEqual([]);
    });

    it('gives the problem of the node and tells when the session ended', async () => {
        const { client: made, signedOut } = client(() =>
            json({ title: 'No session', status: 401, code: 'session.required' }, 401),
        );
        const result = await made.get('/api/v1/node');
        expect(result.ok ? '' : result.problem.code).toBe('session.required');
        expect(signedOut()).toBe(1);
    });

    it('makes a problem of no answer, a cancelled call and a broken answer', async () => {
        const broken = client(() => Promise.reject(new TypeError('refused')));
        const one = await broken.client.get('/x');
        expect(one.ok ? '' : one.problem.code).toBe(codeNoAnswer);

        const abort = new AbortController();
        abort.abort();
        const cancelled = client(() => Promise.reject(new DOMException('', 'AbortError')));
        const two = await cancelled.client.get('/x', { signal: abort.signal });
        expect(two.ok ? '' : two.problem.code).toBe(codeCancelled);

        const html = client(() => new Response('<html>', { status: 200 }));
        const three = await html.client.get('/x');
        expect(three.ok ? '' : three.problem.code).toBe('console.bad_answer');
    });
});

describe('what surrounds a call', () => {
    it('reads a problem from any answer', () => {
        expect(readProblem(502, '<html>').code).toBe('http.502');
        expect(readProblem(403, '{"title":"No","code":"csrf.missing"}')).toMatchObject({
            status: 403,
            code: 'csrf.missing',
        });
    });

    it('makes a sentence of a phrase, and leaves names as they are', () => {
        expect(sentence('the disk is full')).toBe('The disk is full.');
        expect(sentence('unknown, expired')).toBe('Unknown, expired.');
        expect(sentence('press-07 never connected')).toBe('press-07 never connected.');
        expect(sentence('Already one.')).toBe('Already one.');
    });

    it('leaves empty values out of a query and escapes the rest', () => {
        expect(query({ q: 'temp > 60', limit: 200, cursor: undefined, state: '' })).toBe(
            '?q=temp%20%3E%2060&limit=200',
        );
        expect(query({})).toBe('');
    });

    it('writes the call for a shell, quotes and all', () => {
        const call = {
            method: 'POST' as const,
            path: '/api/v1/publish',
            body: `{"payload":"it's"}`,
        };
        expect(asCurl(call, 'http://gw-1:8080')).toBe(
            `curl -H "Authorization: Bearer $KITH_TOKEN" -X POST ` +
                `-H 'Content-Type: application/json' -d '{"payload":"it'\\''s"}' 'http://gw-1:8080/api/v1/publish'`,
        );
    });
});
