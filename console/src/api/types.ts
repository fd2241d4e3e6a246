/* Shapes of /api/openapi.json. Shapes only: no behaviour belongs here.
   Times are RFC 3339 UTC with milliseconds; numbers name their unit. */

export type Role = 'admin' | 'operator' | 'viewer' | 'machine';

/** RFC 9457 problem; `code` is the stable, dotted word that tools may test. */
export interface Problem {
    type?: string;
    title: string;
    status: number;
    detail?: string;
    code: string;
    retry_after_s?: number;
    tries_left?: number;
}

export interface List<T> {
    items: T[];
    next: string | null;
}

export interface ClaimState {
    node: string;
    claimable: boolean;
}

export interface ClaimRequest {
    code: string;
    name: string;
    password: string;
}

export interface User {
    name: string;
    role: Role;
}

export interface Session {
    user: User;
    csrf_token: string;
    node: string;
}

export interface SessionRequest {
    name: string;
    password: string;
}

export interface Listener {
    kind: string;
    address: string;
    tls: boolean;
    insecure: boolean;
    anonymous: boolean;
}

export interface StoreState {
    state: string;
    reason: string | null;
}

export interface NodeInfo {
    name: string;
    version: string;
    started_at: string;
    uptime_s: number;
    shards: number;
    pid: number;
    resident_bytes: number;
    store: StoreState;
    listeners: Listener[];
    hosts: string[];
    limits: Record<string, number>;
}

/** Oldest first; null where nothing was measured. */
export interface UsageSeries {
    messages_in_per_s: (number | null)[];
    messages_out_per_s: (number | null)[];
    bytes_in_per_s: (number | null)[];
    bytes_out_per_s: (number | null)[];
    connections: (number | null)[];
    queued_messages: (number | null)[];
    resident_bytes: (number | null)[];
}

export interface Usage {
    step_s: number;
    end: string;
    series: UsageSeries;
}

export interface Stats {
    at: string;
    messages_in_total: number;
    messages_out_total: number;
    messages_in_per_s: number;
    messages_out_per_s: number;
    bytes_in_per_s: number;
    bytes_out_per_s: number;
    connections: number;
    machines_known: number;
    sessions: number;
    subscriptions: number;
    retained: number;
    queued_messages: number;
    dropped_messages_total: number;
    topics: number;
    resident_bytes: number;
    delivery_p99_ms: number | null;
    commit_ms_max: number | null;
    stored_bytes: number;
}

export interface Machine {
    id: string;
    online: boolean;
    protocol: string;
    transport: string | null;
    address: string | null;
    connected_at: string | null;
    /** Null while it is online. */
    last_seen_at: string | null;
    session_expiry_s: number;
    clean_start: boolean;
    keep_alive_s: number;
    subscriptions: number;
    queued_messages: number;
    inflight_messages: number;
    messages_in_total: number;
    messages_out_total: number;
    bytes_in_total: number;
    bytes_out_total: number;
    messages_in_per_s: number;
    messages_out_per_s: number;
    disconnect_reason: string | null;
    user: string | null;
}

export interface MachineList extends List<Machine> {
    total: number;
    online: number;
}

export interface Subscription {
    filter: string;
    qos: number;
    no_local: boolean;
    retain_as_published: boolean;
    identifier: number | null;
}

export interface Will {
    topic: string;
    qos: number;
    retain: boolean;
    delay_s: number;
}

export interface PublishedTopic {
    topic: string;
    last_at: string;
}

export interface MachineDetail extends Machine {
    subscription_list: Subscription[];
    will: Will | null;
    receive_maximum: number;
    topics_published: PublishedTopic[];
}

export type Encoding = 'text' | 'base64';

/** `in` comes from the machine, `out` goes to it. */
export interface Message {
    at: string;
    direction: 'in' | 'out';
    topic: string;
    qos: number;
    retain: boolean;
    payload: string;
    encoding: Encoding;
    bytes: number;
    client?: string | null;
}

export interface LastValue {
    payload: string;
    encoding: Encoding;
    bytes: number;
    qos: number;
    at: string;
    truncated: boolean;
}

export interface Topic {
    topic: string;
    name: string;
    children: number;
    topics: number;
    is_topic: boolean;
    messages_per_s: number;
    retained: boolean;
    subscribers: number;
    last: LastValue | null;
}

export interface TopicTotals {
    topics: number;
    retained: number;
    messages_per_s: number;
}

export interface TopicLevel extends List<Topic> {
    totals: TopicTotals;
}

export interface TopicSearch extends List<Topic> {
    matches: number;
    took_ms: number;
}

export interface HistoryPoint {
    at: string;
    value: number;
}

export interface TopicDetail extends Topic {
    publisher: string | null;
    history: HistoryPoint[];
    subscriber_list: string[];
    content_type: string | null;
}

export interface PublishRequest {
    topic: string;
    payload?: string;
    payload_base64?: string;
    qos: number;
    retain: boolean;
    content_type?: string;
    response_topic?: string;
    user_properties?: [string, string][];
}

export interface PublishResult {
    accepted: boolean;
    durable: boolean;
    receivers: number;
}

export interface Token {
    id: string;
    name: string;
    role: Role;
    created_at: string;
    expires_at: string | null;
    last_used_at: string | null;
}

export interface TokenRequest {
    name: string;
    role: Role;
    expires_in_s?: number;
}

/** `token` is shown once and never again. */
export interface NewToken {
    id: string;
    name: string;
    role: Role;
    token: string;
}

export interface NodeEvent {
    at: string;
    kind: string;
    machine: string | null;
    text: string;
    detail?: Record<string, unknown>;
}

export interface ConnectWatch {
    reached_at: string | null;
    refused: { at: string; reason: string } | null;
    accepted_at: string | null;
    first_message: Message | null;
}

/* The live feed, /api/v1/live. */

export type FollowRequest =
    | { channel: 'stats' }
    | { channel: 'events' }
    | { channel: 'machines'; ids?: string[] }
    | { channel: 'topics'; topics: string[] }
    | { channel: 'messages'; filter?: string; client?: string; rate_max?: number };

export interface MachinesChange {
    machines?: Machine[];
}

export interface TopicsChange {
    topics?: Topic[];
    new_under?: string[];
}

export interface MessagesChange {
    messages?: Message[];
    skipped?: number;
}
