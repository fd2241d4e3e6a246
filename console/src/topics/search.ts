/* A search over topics as the node understands it: words that must all occur in the name, and
   at most one comparison with the last value (`> 60`) or with a field of a JSON value (`v>60`).
   Read here only to mark the matches; the node decides what matches. */

export interface Search {
    words: string[];
    compare: { field: string | null; operator: string; value: number } | null;
}

const comparison = /(^|\s)([\w.-]*)(>=|<=|!=|>|<|=)\s*(-?\d+(?:\.\d+)?)(?=\s|$)/;

export function parseSearch(text: string): Search {
    const match = comparison.exec(text);
    const rest = match
        ? `${text.slice(0, match.index)} ${text.slice(match.index + match[0].length)}`
        : text;
    const words = rest.split(/\s+/).filter((word) => word !== '' && !/^[<>=!]+$/.test(word));
    if (!match) {
        return { words, compare: null };
    }
    const field = match[2] ?? '';
    return {
        words,
        compare: {
            field: field === '' ? null : field,
            operator: match[3] ?? '=',
            value: Number(match[4]),
        },
    };
}

const topic_bytes_max = 1_024;
const topic_levels_max = 32;

/** Null when a topic may be published to, else what is expected. */
export function topicProblem(topic: string): string | null {
    if (topic === '') {
        return 'A topic is needed.';
    }
    if (/[+#]/.test(topic)) {
        return 'A topic has no + and no #: those are for filters.';
    }
    if (topic.includes('\u0000')) {
        return 'A topic has no zero byte.';
    }
    if (new TextEncoder().encode(topic).length > topic_bytes_max) {
        return 'At most 1\u202f024 bytes.';
    }
    return topic.split('/').length > topic_levels_max ? 'At most 32 levels.' : null;
}
