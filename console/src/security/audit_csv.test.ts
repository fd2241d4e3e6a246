import { expect, it } from 'vitest';
import type { AuditLine } from '../api/types';
import { auditCsv } from './audit_csv';

const line: AuditLine = {
    id: 7,
    at: 't',
    who: 'cli',
    what: 'role.change',
    detail: '',
    from: '',
    outcome: 'ok',
};

it('quotes what it writes, line by line', () => {
    expect(auditCsv([{ ...line, detail: 'a "b", c' }])).toBe(
        'at,who,what,detail,from,outcome\r\n"t","cli","role.change","a ""b"", c","","ok"\r\n',
    );
});

it('lets no value become a formula', () => {
    const rows = auditCsv(['=1+1', '+1', '-1', '@x'].map((detail) => ({ ...line, detail })));
    expect(rows).toContain('"\'=1+1"');
    expect(rows).toContain('"\'@x"');
});
