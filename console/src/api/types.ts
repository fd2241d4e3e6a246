/* The shapes of the API under the names that the console uses. What HTTP answers is written
   from the node's own description (schema.ts); the live feed has no description there, so it
   stands here. */

import type * as schema from './schema';

export type {
    ClaimRequest,
    ConnectWatch,
    Listener,
    Machine,
    MachineDetail,
    MachineList,
    Message,
    NewToken,
    Session,
    SessionRequest,
    Stats,
    Token,
    TokenRequest,
    Topic,
    TopicDetail,
    TopicLevel,
    Usage,
    User,
} from './schema';

/** RFC 9457; the console makes problems of its own too, which have no type. */
export type Problem = Omit<schema.Problem, 'type'> & { type?: string };
export type ClaimState = schema.Claim;
export type NodeInfo = schema.Node;
export type NodeEvent = Omit<schema.Event, 'detail'> & { detail?: schema.Event['detail'] };
export type TopicSearch = schema.TopicMatches;
export type PublishResult = schema.PublishResult;
export type PublishRequest = schema.PublishRequest;

export type Security = schema.Security;
export type BackupState = schema.Backup;
export type ClaimCode = schema.ClaimCode;
export type Credential = schema.Credential;
export type Limit = schema.Limit;
export type LogClient = schema.LoggedClient;
export type LogDetail = schema.LoggedClientDetail;
export type LoggedPacket = schema.LoggedPacket;
export type StorageState = schema.Storage;
export type UserRow = schema.UserAccount;
export type SlowClient = schema.SlowClient;
export type TraceAnswer = schema.TraceDetail;
export type TraceEvent = schema.TraceEvent;
export type TraceHead = schema.Trace;
export type SecurityCheck = schema.SecurityCheck;
export type SecurityCertificate = schema.SecurityCertificate;
export type MachineCertificate = schema.Certificate;
export type NewCertificate = schema.NewCertificate;
export type TopicRole = schema.TopicRole;
export type RoleList = schema.RoleList;
export type AclQuestion = schema.AclQuestion;
export type AclAnswer = schema.AclAnswer;
export type AuditLine = schema.AuditRecord;
export type {
    DirectoryMachine,
    DirectoryPage,
    Mesh,
    MeshHop,
    MeshInvite,
    MeshInviteList,
    MeshLink,
    MeshNode,
    MeshTrace,
    NewMeshInvite,
} from './schema';

export type Role = schema.User['role'];
export type UsageSeries = schema.Usage['series'];
export type TopicTotals = schema.TopicLevel['totals'];
export type HistoryPoint = schema.TopicDetail['history'][number];
export type Encoding = schema.Message['encoding'];

export interface List<T> {
    items: T[];
    next: string | null;
}

/* The live feed, /api/v1/live. */

export type FollowRequest =
    | { channel: 'stats' }
    | { channel: 'events' }
    | { channel: 'machines'; ids?: string[] }
    | { channel: 'topics'; topics: string[] }
    | { channel: 'messages'; filter?: string; client?: string; rate_max?: number };

export interface MachinesChange {
    machines?: schema.Machine[];
}

export interface TopicsChange {
    topics?: schema.Topic[];
    /** Followed levels that got a new child. */
    new_under?: string[];
}

export interface MessagesChange {
    messages?: schema.Message[];
    /** More came than could be shown. */
    skipped?: number;
}
