/* The topic tree as far as it was read. Levels come page by page; what is open stays open when
   a level is read again. `rows` lays the open part out as a flat list, which the window cuts. */

import type { Problem, Topic } from '../api/types';

export interface TreeNode {
    topic: Topic;
    parent: TreeNode | null;
    /** Null until the level was read. */
    children: TreeNode[] | null;
    /** Where the next page of the level starts; null when it is complete. */
    next: string | null;
    isOpen: boolean;
    isReading: boolean;
    problem: Problem | null;
    /** How many children the feed told of when its level was last read again. */
    told: number;
}

export interface TopicRow {
    kind: 'topic';
    key: string;
    depth: number;
    node: TreeNode;
    /** In a search several levels stand in one row: `zone/1/temp_c`. */
    label: string;
}

export interface MoreRow {
    kind: 'more' | 'reading' | 'failed';
    key: string;
    depth: number;
    node: TreeNode;
}

export type Row = TopicRow | MoreRow;

function emptyTopic(path: string, name: string): Topic {
    return {
        topic: path,
        name,
        children: 0,
        topics: 0,
        is_topic: false,
        messages_per_s: 0,
        retained: false,
        subscribers: 0,
        last: null,
    };
}

function makeNode(topic: Topic, parent: TreeNode | null): TreeNode {
    return {
        topic,
        parent,
        children: null,
        next: null,
        isOpen: false,
        isReading: false,
        problem: null,
        told: -1,
    };
}

export class Tree {
    readonly root = makeNode(emptyTopic('', ''), null);
    private readonly byPath = new Map<string, TreeNode>([['', this.root]]);

    constructor() {
        this.root.isOpen = true;
    }

    find(path: string): TreeNode | null {
        return this.byPath.get(path) ?? null;
    }

    /** Takes a page of a level. The first page replaces what was there, and keeps what was open. */
    takeLevel(path: string, items: readonly Topic[], next: string | null, isFirst: boolean): void {
        const node = this.byPath.get(path);
        if (!node) {
            return;
        }
        const before = new Map((node.children ?? []).map((child) => [child.topic.topic, child]));
        const fresh = items.map((topic) => {
            const known = before.get(topic.topic);
            const child = known ?? makeNode(topic, node);
            child.topic = topic;
            before.delete(topic.topic);
            this.byPath.set(topic.topic, child);
            return child;
        });
        if (isFirst) {
            for (const gone of before.values()) {
                this.forget(gone);
            }
            node.children = fresh;
        } else {
            node.children = [...(node.children ?? []), ...fresh];
        }
        node.next = next;
        node.isReading = false;
        node.problem = null;
    }

    private forget(node: TreeNode): void {
        const open = [node];
        for (let at = open.pop(); at; at = open.pop()) {
            this.byPath.delete(at.topic.topic);
            open.push(...(at.children ?? []));
        }
    }

    /** New values for topics that are known; true when one of them was. */
    apply(changed: readonly Topic[]): boolean {
        let isAny = false;
        for (const topic of changed) {
            const node = this.byPath.get(topic.topic);
            if (node && node !== this.root) {
                node.topic = topic;
                isAny = true;
            }
        }
        return isAny;
    }

    /** Whether the feed tells of children that the read level has not: they came between the
        reading and the following. True once for each number. */
    isBehind(path: string, children: number): boolean {
        const node = this.byPath.get(path);
        if (!node?.isOpen || !node.children || node.next !== null || node.told === children) {
            return false;
        }
        node.told = children;
        return node.children.length !== children;
    }

    /** The open branches, without the root. */
    openPaths(): string[] {
        return [...this.byPath.values()]
            .filter((node) => node.isOpen && node !== this.root)
            .map((node) => node.topic.topic);
    }

    rows(): Row[] {
        const rows: Row[] = [];
        layOut(this.root, 0, rows);
        return rows;
    }
}

/** Depth is bounded by the 32 levels of a topic. */
function layOut(node: TreeNode, depth: number, rows: Row[]): void {
    const path = node.topic.topic;
    for (const child of node.children ?? []) {
        const key = child.topic.topic;
        rows.push({ kind: 'topic', key, depth, node: child, label: child.topic.name });
        if (child.isOpen) {
            layOut(child, depth + 1, rows);
        }
    }
    if (node.problem) {
        rows.push({ kind: 'failed', key: `${path}\u0000failed`, depth, node });
    } else if (node.isReading) {
        rows.push({ kind: 'reading', key: `${path}\u0000reading`, depth, node });
    } else if (node.next !== null) {
        rows.push({ kind: 'more', key: `${path}\u0000more`, depth, node });
    }
}

/** Found topics under their branches. A branch with one child and no value of its own is joined
    with it, so that a match shows in few rows. */
export function foundTree(found: readonly Topic[]): Row[] {
    const tree = new Map<string, TreeNode>();
    const root = makeNode(emptyTopic('', ''), null);
    root.children = [];
    for (const topic of found) {
        const levels = topic.topic.split('/');
        let parent = root;
        levels.forEach((name, index) => {
            const path = levels.slice(0, index + 1).join('/');
            let node = tree.get(path);
            if (!node) {
                node = makeNode(emptyTopic(path, name), parent);
                node.isOpen = true;
                node.children = [];
                tree.set(path, node);
                (parent.children ??= []).push(node);
            }
            parent = node;
        });
        parent.topic = topic;
        for (let at = parent.parent; at && at !== root; at = at.parent) {
            if (!at.topic.is_topic) {
                at.topic = {
                    ...at.topic,
                    topics: at.topic.topics + 1,
                    messages_per_s: at.topic.messages_per_s + topic.messages_per_s,
                };
            }
        }
    }
    const rows: Row[] = [];
    layOutFound(root, 0, rows);
    return rows;
}

function layOutFound(node: TreeNode, depth: number, rows: Row[]): void {
    for (const child of node.children ?? []) {
        let end = child;
        let label = child.topic.name;
        let only = onlyChild(end);
        while (!end.topic.is_topic && only) {
            end = only;
            label = `${label}/${end.topic.name}`;
            only = onlyChild(end);
        }
        rows.push({ kind: 'topic', key: end.topic.topic, depth, node: end, label });
        layOutFound(end, depth + 1, rows);
    }
}

function onlyChild(node: TreeNode): TreeNode | null {
    return node.children?.length === 1 ? (node.children[0] ?? null) : null;
}

/** Found topics as they came, one row each, with their whole name. */
export function foundFlat(found: readonly Topic[]): Row[] {
    return found.map((topic) => ({
        kind: 'topic',
        key: topic.topic,
        depth: 0,
        node: makeNode(topic, null),
        label: topic.topic,
    }));
}

/** The ancestors of a topic, nearest the root first. */
export function ancestorsOf(topic: string): string[] {
    const levels = topic.split('/');
    return levels.slice(0, -1).map((_, index) => levels.slice(0, index + 1).join('/'));
}
