internal import GRDB

/// The tables and how they came to be. A migration that has been shipped is never edited: a change is another one.
///
/// Times are milliseconds since 1970 in UTC, keys and hashes their 32 bytes, flags 0 or 1.
enum Schema {
    /// Marks the file as ours (SQLite's `application_id`): "CSWY".
    static let applicationID: Int32 = 0x4353_5759

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: networks, join keys, nodes, publications, audit") { database in
            // AUTOINCREMENT: a number of something that is gone is never given again.
            try database.execute(
                sql: """
                    CREATE TABLE network (
                        id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id BETWEEN 1 AND 4294967295),
                        name TEXT NOT NULL UNIQUE,
                        created INTEGER NOT NULL
                    ) STRICT;

                    CREATE TABLE join_key (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        network INTEGER NOT NULL REFERENCES network (id) ON DELETE CASCADE,
                        hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
                        created INTEGER NOT NULL,
                        expires INTEGER NOT NULL,
                        revoked INTEGER,
                        used INTEGER NOT NULL,
                        uses INTEGER CHECK (used <= uses),
                        ephemeral INTEGER NOT NULL CHECK (ephemeral IN (0, 1)),
                        note TEXT
                    ) STRICT;
                    CREATE INDEX join_key_network ON join_key (network);

                    CREATE TABLE node (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        network INTEGER NOT NULL REFERENCES network (id),
                        name TEXT NOT NULL,
                        node_key BLOB NOT NULL UNIQUE CHECK (length(node_key) = 32),
                        disco_key BLOB NOT NULL UNIQUE CHECK (length(disco_key) = 32),
                        token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
                        join_key INTEGER REFERENCES join_key (id) ON DELETE SET NULL,
                        ephemeral INTEGER NOT NULL CHECK (ephemeral IN (0, 1)),
                        created INTEGER NOT NULL,
                        expires INTEGER,
                        last_seen INTEGER NOT NULL,
                        UNIQUE (network, name)
                    ) STRICT;
                    CREATE INDEX node_join_key ON node (join_key);

                    CREATE TABLE publication (
                        node INTEGER PRIMARY KEY REFERENCES node (id) ON DELETE CASCADE,
                        sequence INTEGER NOT NULL,
                        candidates BLOB NOT NULL,
                        home_relay INTEGER,
                        nat TEXT
                    ) STRICT;

                    CREATE TABLE audit (
                        id INTEGER PRIMARY KEY AUTOINCREMENT,
                        time INTEGER NOT NULL,
                        actor TEXT NOT NULL,
                        action TEXT NOT NULL,
                        subject TEXT NOT NULL,
                        detail TEXT NOT NULL,
                        source TEXT
                    ) STRICT;
                    """)
        }
        migrator.registerMigration("2: reports of NATs in binary form") { database in
            // Reports of the former form go: every node sends its own again.
            try database.execute(
                sql: """
                    ALTER TABLE publication DROP COLUMN nat;
                    ALTER TABLE publication ADD COLUMN nat BLOB;
                    """)
        }
        return migrator
    }
}
