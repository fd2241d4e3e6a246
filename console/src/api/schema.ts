/* Written by dev/make-types.mjs from openapi.json of the node; do not edit. Times are RFC 3339 UTC
   with milliseconds; numbers name their unit. */

export type Backup = {
    state: 'idle' | 'running';
    started_at?: string;
    /** of the copy or the archive, whichever is being written */
    bytes_done?: number;
    bytes_total?: number;
    /** the last that ended, or the newest file that was there before the node started */
    last: null | {
        result: 'made' | 'failed';
        started_at: string;
        ended_at: string;
        file: string;
        bytes: number;
        /** why there is none */
        problem?: string;
    };
};

/** RFC 9457 */
export type Problem = {
    type: string;
    title: string;
    status: number;
    /** stable dotted word that programs may test */
    code: string;
    /** a sentence for people */
    detail?: string;
    retry_after_s?: number;
    tries_left?: number;
};

export type User = { name: string; role: 'admin' | 'operator' | 'viewer' | 'machine' };

export type Claim = { node: string; claimable: boolean };

export type ClaimRequest = {
    /** from the link that the node printed at its first start */
    code: string;
    name: string;
    /** 8 to 1,024 bytes */
    password: string;
};

export type SessionRequest = { name: string; password: string };

export type Session = {
    user: User;
    /** to be sent as X-Kith-Token with every write; empty for a token */
    csrf_token: string;
    node: string;
};

export type Listener = {
    kind: string;
    address: string;
    tls: boolean;
    insecure: boolean;
    anonymous: boolean;
    /** takes connections of configured proxies only */
    proxy: boolean;
};

export type Node = {
    name: string;
    version: string;
    started_at: string;
    uptime_s: number;
    shards: number;
    pid: number;
    resident_bytes: number;
    store: { state: 'healthy' | 'degraded'; reason: string | null };
    listeners: Listener[];
    hosts: string[];
    limits: Record<string, number>;
};

export type Stats = {
    at: string;
    messages_in_total: number;
    messages_out_total: number;
    bytes_in_total: number;
    bytes_out_total: number;
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
    /** of the last minute; null if nothing was delivered */
    delivery_p99_ms: number | null;
    commit_ms_max: number;
    stored_bytes: number;
    /** routers of the mesh that are known and have no way to them */
    mesh_unreachable: number;
    /** some of these were linked to each other */
    mesh_parted: boolean;
};

export type Usage = {
    step_s: number;
    end: string;
    /** oldest first; null where nothing was measured */
    series: {
        messages_in_per_s: (number | null)[];
        messages_out_per_s: (number | null)[];
        bytes_in_per_s: (number | null)[];
        bytes_out_per_s: (number | null)[];
        connections: (number | null)[];
        queued_messages: (number | null)[];
        resident_bytes: (number | null)[];
    };
};

export type Machine = {
    id: string;
    online: boolean;
    protocol: 'MQTT 3.1' | 'MQTT 3.1.1' | 'MQTT 5.0';
    transport: string | null;
    address: string | null;
    connected_at: string | null;
    /** null while it is online */
    last_seen_at: string | null;
    /** 4294967295 is for ever */
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
    /** anonymous, token:ID, user:NAME or cert:SUBJECT */
    user: string | null;
};

export type MachineList = { items: Machine[]; next: string | null; total: number; online: number };

export type Subscription = {
    filter: string;
    qos: 0 | 1 | 2;
    no_local: boolean;
    retain_as_published: boolean;
    identifier: number | null;
};

export type Will = { topic: string; qos: 0 | 1 | 2; retain: boolean; delay_s: number };

export type MachineDetail = {
    id: string;
    online: boolean;
    protocol: 'MQTT 3.1' | 'MQTT 3.1.1' | 'MQTT 5.0';
    transport: string | null;
    address: string | null;
    connected_at: string | null;
    /** null while it is online */
    last_seen_at: string | null;
    /** 4294967295 is for ever */
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
    /** anonymous, token:ID, user:NAME or cert:SUBJECT */
    user: string | null;
    subscription_list: Subscription[];
    will: Will | null;
    receive_maximum: number;
    topics_published: { topic: string; last_at: string }[];
};

export type Message = {
    at: string;
    /** in: from the machine */
    direction: 'in' | 'out';
    client: string | null;
    topic: string;
    qos: 0 | 1 | 2;
    retain: boolean;
    payload: string;
    /** base64 where the payload is no readable text */
    encoding: 'text' | 'base64';
    /** of the whole payload; what is shown may be less */
    bytes: number;
};

export type MessageList = { items: Message[]; next: null };

export type Topic = {
    topic: string;
    name: string;
    children: number;
    topics: number;
    is_topic: boolean;
    messages_per_s: number;
    retained: boolean;
    subscribers: number;
    last: {
        payload: string;
        /** base64 where the payload is no readable text */
        encoding: 'text' | 'base64';
        bytes: number;
        qos: 0 | 1 | 2;
        at: string;
        truncated: boolean;
    } | null;
};

export type TopicLevel = {
    items: Topic[];
    next: string | null;
    totals: { topics: number; retained: number; messages_per_s: number };
};

export type TopicMatches = { items: Topic[]; next: null; matches: number; took_ms: number };

export type TopicDetail = {
    topic: string;
    name: string;
    children: number;
    topics: number;
    is_topic: boolean;
    messages_per_s: number;
    retained: boolean;
    subscribers: number;
    last: {
        payload: string;
        /** base64 where the payload is no readable text */
        encoding: 'text' | 'base64';
        bytes: number;
        qos: 0 | 1 | 2;
        at: string;
        truncated: boolean;
    } | null;
    publisher: string | null;
    history: { at: string; value: number }[];
    subscriber_list: string[];
    content_type: string | null;
};

export type PublishRequest = {
    topic: string;
    /** text; or payload_base64 */
    payload?: string;
    payload_base64?: string;
    qos?: 0 | 1 | 2;
    retain?: boolean;
    content_type?: string;
    response_topic?: string;
    user_properties?: [string, string][];
};

export type PublishResult = {
    accepted: boolean;
    /** it is on disk */
    durable: boolean;
    receivers: number;
};

export type Token = {
    id: string;
    name: string;
    role: 'admin' | 'operator' | 'viewer' | 'machine';
    topic_roles: string[];
    /** that it belongs to, or empty */
    machine: string;
    created_at: string;
    expires_at: string | null;
    /** since the start of the node */
    last_used_at: string | null;
};

export type UserAccount = {
    name: string;
    role: 'admin' | 'operator' | 'viewer';
    has_scram: boolean;
    created_at: string;
};

export type UserAccountList = { items: UserAccount[]; next: null };

export type NewUser = { name: string; role: 'admin' | 'operator' | 'viewer' };

export type UserRequest = {
    name: string;
    /** 8 to 1024 bytes */
    password: string;
    role: 'admin' | 'operator' | 'viewer';
};

export type UserChange = { password?: string; role?: 'admin' | 'operator' | 'viewer' };

export type Credential = {
    machine: string;
    note: string;
    /** names of topic roles */
    topic_roles: string[];
    enabled: boolean;
    has_password: boolean;
    /** SCRAM-SHA-256 is possible */
    has_scram: boolean;
    created_at: string;
    /** only if one was generated now; shown once */
    password?: string;
};

export type CredentialList = { items: Credential[]; next: string | null };

export type CredentialRequest = {
    machine: string;
    note?: string;
    /** names of topic roles */
    topic_roles?: string[];
    /** 8 to 1024 bytes; "generate" makes one; null: none opens it */
    password?: string | null;
};

export type CredentialChange = {
    note?: string;
    /** names of topic roles */
    topic_roles?: string[];
    enabled?: boolean;
    /** 8 to 1024 bytes; "generate" makes one; null: none opens it */
    password?: string | null;
};

export type ClaimCode = {
    id: string;
    note: string;
    /** that it is for; empty: the device names itself */
    machine: string;
    /** names of topic roles */
    topic_roles: string[];
    uses_left: number;
    expires_at: string;
    created_by: string;
    /** only when it is made; shown once */
    code?: string;
};

export type ClaimCodeList = { items: ClaimCode[]; next: null };

export type ClaimCodeRequest = {
    note?: string;
    machine?: string;
    /** names of topic roles */
    topic_roles?: string[];
    uses?: number;
    expires_in_s?: number;
};

export type ProvisionRequest = {
    code: string;
    /** needed unless the code is for one */
    machine?: string;
};

export type Provisioned = { machine: string; password: string };

export type TokenList = { items: Token[]; next: null };

export type TokenRequest = {
    name: string;
    role: 'admin' | 'operator' | 'viewer' | 'machine';
    topic_roles?: string[];
    machine?: string;
    expires_in_s?: number;
};

export type Certificate = {
    fingerprint: string;
    machine: string;
    subject: string;
    serial: string;
    not_after: string;
    created_at: string;
    revoked_at: string | null;
};

export type CertificateList = { items: Certificate[]; next: null };

export type CertificateRequest = {
    /** PKCS #10 in PEM; without it the node makes a key */
    csr?: string;
    /** PEM of another authority's certificate, to be mapped */
    certificate?: string;
    days?: number;
};

export type NewCertificate = {
    fingerprint: string;
    machine: string;
    subject: string;
    serial: string;
    not_after: string;
    created_at: string;
    revoked_at: string | null;
    /** PEM, if the node issued it */
    certificate?: string;
    /** PKCS #8 in PEM, shown once; the node does not keep it */
    key?: string;
};

export type NewToken = {
    id: string;
    name: string;
    role: 'admin' | 'operator' | 'viewer' | 'machine';
    /** shown once; the node keeps its digest only */
    token: string;
};

export type Event = {
    at: string;
    kind: string;
    machine: string | null;
    text: string;
    detail: Record<string, string>;
};

export type EventList = { items: Event[]; next: null };

export type Limit = {
    name: string;
    /** its key in the configuration */
    key: string;
    unit: string;
    /** 0 for a rate: no limit */
    value: number;
    /** null where it is no quantity of the node */
    used: number | null;
    /** since the start */
    reached_count: number;
    last_reached_at: string | null;
};

export type LimitList = { items: Limit[]; next: string | null };

export type MeshPeer = {
    /** HOST:PORT, as the configuration names it */
    peer: string;
    /** elsewhere: another link reaches it the same way */
    state: 'waiting' | 'resolving' | 'dialling' | 'linked' | 'elsewhere' | 'own_address';
    failed_rounds: number;
};

export type MeshDiscovery = {
    /** whether this node says on the network that it is there */
    beacons: boolean;
    /** whether it does so by multicast DNS, too */
    mdns: boolean;
    /** nodes of this mesh whose beacons were heard lately */
    heard: number;
    /** nodes that could be linked to */
    candidates: number;
};

export type Mesh = {
    state: 'on' | 'off';
    /** why it is off */
    reason: string | null;
    membership: 'none' | 'joining' | 'member';
    /** id of the mesh */
    mesh: string | null;
    /** this node lets others in, and puts them out */
    may_invite: boolean;
    /** this node's id; null while the mesh is off */
    node: string | null;
    name: string | null;
    /** where other nodes link up */
    address: string | null;
    peers: MeshPeer[];
    /** routers that are known and have no way to them */
    unreachable: number;
    /** some of these were linked to each other */
    parted: boolean;
    /** messages that this node answers for */
    custody: number;
    spool: MeshSpool;
    drops: MeshDrop[];
    discovery: MeshDiscovery;
};

/** of what the node answers for, what is on its disk alone */
export type MeshSpool = { messages: number; bytes: number };

export type MeshDrop = {
    reason: string;
    /** since the node started */
    count: number;
};

export type MeshToldNeighbor = {
    to: string;
    /** of sending to it */
    cost: number;
};

export type MeshNode = {
    id: string;
    name: string;
    role: 'router' | 'leaf';
    state: 'self' | 'neighbor' | 'suspect' | 'reachable' | 'unreachable';
    /** it forwards for nobody any more */
    leaving: boolean;
    /** as the node tells everybody */
    neighbors: MeshToldNeighbor[];
};

export type MeshNodeList = { items: MeshNode[]; next: string | null };

export type MeshLink = {
    to: string;
    address: string;
    /** by this node */
    dialled: boolean;
    /** whether the neighbour answers */
    state: 'up' | 'down';
    /** rtt_ms, loss and cost: of the neighbour's best link */
    rtt_ms: number;
    /** of hellos */
    loss: number;
    cost: number;
    /** bytes that wait to be sent */
    queue: number;
    /** messages sent to the neighbour that this node still answers for */
    custody: number;
    received_bytes: number;
    sent_bytes: number;
    age_ms: number;
};

export type MeshLinkList = { items: MeshLink[]; next: string | null };

export type MeshRoute = {
    to: string;
    /** null: it cannot be reached */
    next_hop: string | null;
    /** taken while the next hop is suspect */
    alternative: string | null;
    cost: number;
};

export type MeshRouteList = { items: MeshRoute[]; next: string | null };

export type DirectoryMachine = {
    machine: string;
    type: string;
    name: string | null;
    /** place of its W3C WoT Thing Description */
    td: string | null;
    capabilities: string[];
    topics: string[];
    /** id of its node; null: a node that is in no mesh */
    node: string | null;
    node_name: string | null;
    /** when its connection began */
    since: string | null;
};

export type DirectoryPage = {
    items: DirectoryMachine[];
    next: string | null;
    /** machines that match */
    total: number;
};

export type MeshHop = {
    node: string;
    name: string;
    /** of the link to the next hop; null at the end */
    cost: number | null;
    /** measured; null for links of other nodes */
    rtt_ms: number | null;
    /** of hellos, 0 to 1 */
    loss: number | null;
    /** bytes that wait to be sent */
    queue: number | null;
    /** messages that the node still answers for */
    custody: number | null;
};

export type MeshTrace = {
    from: string;
    to: string;
    state: 'reachable' | 'unreachable';
    cost: number;
    /** the neighbour that this node sends to while the next hop is suspect */
    alternative: string | null;
    hops: MeshHop[];
};

export type MeshStart = {
    /** of this node in the mesh; the node's name if it is left out */
    name?: string;
    /** as another node made it; without, a mesh is founded */
    token?: string;
};

export type MeshInviteRequest = {
    /** router if it is left out */
    role?: 'router' | 'leaf';
    /** 1 if it is left out */
    uses?: number;
    /** 900 if it is left out */
    expires_in_s?: number;
    /** HOST:PORT where this node is reached; without, those of its interfaces */
    addresses?: string[];
};

export type NewMeshInvite = {
    id: string;
    /** for `kith mesh join`; shown once */
    token: string;
    role: 'router' | 'leaf';
    uses: number;
    expires_at: string;
    addresses: string[];
};

export type MeshInvite = {
    id: string;
    role: 'router' | 'leaf';
    uses: number;
    uses_left: number;
    /** more nodes have used it than may */
    overspent: boolean;
    created_at: string;
    expires_at: string;
    used_by: MeshInviteUse[];
};

export type MeshInviteUse = {
    node: string;
    /** as the node calls itself */
    name: string;
    at: string;
};

export type MeshRevocation = { node: string; at: string };

export type MeshInviteList = {
    items: MeshInvite[];
    revoked: MeshRevocation[];
    next: string | null;
};

export type SecurityCheck = {
    /** stable; docs/guide/security.md explains it */
    id: string;
    title: string;
    state: 'ok' | 'attention' | 'problem' | 'unknown';
    /** what is true */
    detail: string;
    /** what to do */
    fix: string | null;
    /** the place in the console to do it */
    link: string | null;
};

export type SecurityCertificate = {
    use: 'server' | 'authority' | 'client authority' | 'own client authority';
    subject: string;
    issuer: string;
    names: string[];
    not_before: string;
    not_after: string;
    /** whole days; negative once it is over */
    days_left: number;
    /** SHA-256, hex */
    fingerprint: string;
    /** the node made it and makes the next one */
    own: boolean;
};

export type Storage = {
    state: 'ok' | 'degraded';
    reason: string | null;
    files: { name: string; bytes: number }[];
    messages: number;
    queued: number;
    queued_bytes: number;
    spilled: number;
    spilled_bytes: number;
    pending_bytes: number;
    commits: number;
    commit_us_p99: number;
    commit_us_max: number;
    commit_failures: number;
    reads: number;
    read_failures: number;
    last_recovery_ms: number;
};

export type Security = {
    at: string;
    /** the weightiest of all checks */
    state: 'ok' | 'attention' | 'problem' | 'unknown';
    headings: {
        id: 'identify' | 'protect' | 'detect' | 'respond' | 'recover';
        title: string;
        checks: SecurityCheck[];
    }[];
    listeners: Listener[];
    certificates: SecurityCertificate[];
};

export type TraceRequest = {
    /** a topic filter; or `client` */
    topic?: string;
    /** a client id; or `topic` */
    client?: string;
    seconds?: number;
    /** events at which it ends */
    count_max?: number;
    /** shows the first 256 bytes of each payload */
    payload?: boolean;
};

export type Trace = {
    id: string;
    /** the filter that is followed */
    topic: string | null;
    client: string | null;
    /** whether payloads are shown */
    payload: boolean;
    state: 'running' | 'done';
    end_reason: string | null;
    started_at: string;
    /** when it will end, or has ended */
    ends_at: string;
    started_by: string;
    /** so far */
    events: number;
    /** events at which it ends */
    count_max: number;
};

export type TraceList = { items: Trace[]; next: null };

export type TraceEvent = {
    /** of the node: puts the steps of all shards in order */
    number: number;
    at: string;
    shard: number;
    stage:
        | 'connect'
        | 'auth'
        | 'subscribe'
        | 'publish'
        | 'acl'
        | 'match'
        | 'queue'
        | 'deliver'
        | 'ack'
        | 'commit'
        | 'drop';
    /** whom this step concerns */
    client: string | null;
    /** of the message; the filter of a SUBSCRIBE */
    topic: string | null;
    /** the same in all steps of one message */
    message: number | null;
    packet_id: number | null;
    qos: 0 | 1 | 2 | null;
    retain: boolean | null;
    /** of the payload */
    bytes: number | null;
    /** what happened, or why it goes no further */
    text: string;
    /** its first 256 bytes, if asked for */
    payload?: string;
    encoding?: 'text' | 'base64';
};

export type TraceDetail = {
    id: string;
    /** the filter that is followed */
    topic: string | null;
    client: string | null;
    /** whether payloads are shown */
    payload: boolean;
    state: 'running' | 'done';
    end_reason: string | null;
    started_at: string;
    /** when it will end, or has ended */
    ends_at: string;
    started_by: string;
    /** so far */
    events: number;
    /** events at which it ends */
    count_max: number;
    items: TraceEvent[];
    next: string | null;
};

export type SlowClient = {
    client: string;
    address: string;
    /** unsent and queued */
    waiting_bytes: number;
    /** in its connection */
    unsent_bytes: number;
    /** in its session, QoS 1 and 2 */
    queued_bytes: number;
    queued_messages: number;
    /** sent and not acknowledged */
    inflight_messages: number;
    /** as many as that it is sent no more */
    inflight_messages_max: number;
    /** without a moment of relief */
    waits_for_s: number;
    /** since its connection took anything */
    no_progress_for_s: number;
    /** of its session, ever */
    dropped_messages: number;
    /** times that a publisher was held back for it, since it became slow */
    publishers_held: number;
};

export type SlowClientList = { items: SlowClient[]; next: null };

export type LogRequest = { seconds?: number };

export type LoggedClient = {
    client: string;
    started_by: string;
    ends_at: string;
    /** seen since it began */
    packets: number;
};

export type LoggedClientList = { items: LoggedClient[]; next: null };

export type LoggedPacket = {
    at: string;
    /** in: from the client */
    direction: 'in' | 'out';
    packet: string;
    packet_id: number | null;
    text: string;
};

export type LoggedClientDetail = {
    client: string;
    started_by: string;
    ends_at: string;
    /** seen since it began */
    packets: number;
    items: LoggedPacket[];
    next: null;
};

export type RuleProblem = {
    line: number;
    /** in bytes */
    column: number;
    expected: string;
};

export type TopicRole = {
    name: string;
    note: string;
    built_in: boolean;
    /** of access.acl_file, to be changed there */
    from_file: boolean;
    /** one rule a line, as in docs/guide/access.md */
    rules: string;
    rule_count: number;
    updated_at: string | null;
    /** in quotes, what If-Match wants */
    version: number;
    problem: RuleProblem | null;
};

export type RoleList = {
    items: TopicRole[];
    next: string | null;
    /** why access.acl_file could not be read again; its roles stay as they were */
    file_problem: string | null;
};

export type RoleRequest = { rules: string; note?: string };

export type AclQuestion = {
    /** token:ID, user:NAME, machine:NAME or anonymous */
    principal?: string;
    /** a console role, or the name of a topic role */
    role?: string;
    topic_roles?: string[] | string;
    machine?: string;
    client_id?: string;
    action: 'publish' | 'subscribe';
    /** or a filter */
    topic: string;
};

export type AclAnswer = {
    allowed: boolean;
    decided_by: { role: string; line: number; text: string } | null;
    why: string;
    topic_roles: string[];
    /** those of them that there are not */
    unknown_roles: string[];
};

export type AuditRecord = {
    id: number;
    at: string;
    who: string;
    what: string;
    detail: string;
    /** an address, or empty */
    from: string;
    outcome: 'ok' | 'denied' | 'failed';
};

export type AuditList = { items: AuditRecord[]; next: string | null };

export type ConnectWatch = {
    reached_at: string | null;
    refused: { at: string; reason: string } | null;
    accepted_at: string | null;
    first_message: Message | null;
};
