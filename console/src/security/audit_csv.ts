/* The audit as CSV (RFC 4180), safe to open in a spreadsheet. */

import type { AuditLine } from '../api/types';

const fields = ['at', 'who', 'what', 'detail', 'from', 'outcome'] as const;

/** Quoted; a value that a spreadsheet would take for a formula gets an apostrophe in front. */
function cell(text: string): string {
    const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return `"${plain.replaceAll('"', '""')}"`;
}

export function auditCsv(lines: readonly AuditLine[]): string {
    const rows = lines.map((line) => fields.map((field) => cell(line[field])).join(','));
    return [fields.join(','), ...rows, ''].join('\r\n');
}
