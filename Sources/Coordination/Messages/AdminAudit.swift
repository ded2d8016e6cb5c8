/// What an audit entry records.
package enum AuditAction: String, Codable, CaseIterable, Sendable {
    case networkCreated = "network-created"
    case networkRemoved = "network-removed"
    case joinKeyCreated = "join-key-created"
    case joinKeyRevoked = "join-key-revoked"
    case nodeRegistered = "node-registered"
    case nodeRegisteredAgain = "node-registered-again"
    case nodeKeysRotated = "node-keys-rotated"
    case nodeRenamed = "node-renamed"
    case nodeExpiryChanged = "node-expiry-changed"
    case nodeExpired = "node-expired"
    case nodeLeft = "node-left"
    case nodeRemoved = "node-removed"
    case ephemeralNodeRemoved = "ephemeral-node-removed"
}

/// One line of the audit log: who did what to whom, when. It never holds a secret.
package struct AuditEntry: Codable, Equatable, Sendable {
    /// The entry's number; later entries have larger ones.
    package var id: Int64
    package var time: Timestamp
    /// `admin`, `server`, or `node:ID`.
    package var actor: String
    package var action: AuditAction
    /// What it was done to: `node:ID`, `join-key:ID` or `network:ID`.
    package var subject: String
    /// The particulars, for people.
    package var detail: String
    /// The address that the request came from.
    package var source: String?

    package init(
        id: Int64, time: Timestamp, actor: String, action: AuditAction, subject: String, detail: String,
        source: String? = nil
    ) {
        self.id = id
        self.time = time
        self.actor = actor
        self.action = action
        self.subject = subject
        self.detail = detail
        self.source = source
    }
}

/// The answer to `GET /v1/admin/audit`, newest first.
package struct AuditLog: Codable, Equatable, Sendable {
    package var entries: [AuditEntry]

    package init(entries: [AuditEntry]) {
        self.entries = entries
    }
}
