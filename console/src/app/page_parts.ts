/* The parts of Security and Operations by name, for "Find or do"; each with the call behind it. */

import type { IconName } from '../ui/icon';
import { pathOf, type OperationsTab, type SecurityTab } from './router';

export interface PagePart {
    icon: IconName;
    label: string;
    path: string;
    api: string;
}

const security = (tab: SecurityTab, label: string, api: string): PagePart => ({
    icon: 'security',
    label: `Security: ${label}`,
    path: pathOf({ name: 'security', tab, item: null }),
    api: `/api/v1/${api}`,
});

const operations = (tab: OperationsTab, label: string, api: string): PagePart => ({
    icon: 'pulse',
    label: `Operations: ${label}`,
    path: pathOf({ name: 'operations', tab }),
    api: `/api/v1/${api}`,
});

export const pageParts: readonly PagePart[] = [
    security('users', 'users', 'users'),
    security('machines', 'machines’ credentials and claim codes', 'credentials'),
    security('keys', 'keys', 'tokens'),
    security('roles', 'topic roles', 'roles'),
    security('audit', 'audit', 'audit'),
    operations('limits', 'limits', 'limits'),
    operations('queues', 'queues and slow clients', 'slow-clients'),
    operations('storage', 'storage', 'storage'),
    operations('logs', 'client logs', 'log-clients'),
];
