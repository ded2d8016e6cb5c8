internal import Coordination
internal import Foundation
internal import Store
internal import Testing
internal import Wire

@Suite struct StoreRefusalTests {
    @Test func aSecondServerIsTurnedAway() async throws {
        let scratch = try ScratchDirectory()
        let store = try SQLiteStore(path: scratch.database)
        #expect(throws: StoreError.inUse(path: scratch.database)) { try SQLiteStore(path: scratch.database) }
        try await store.close()
        let next = try SQLiteStore(path: scratch.database)
        try await next.close()
    }

    @Test func aDatabaseThatAnotherProgramLocksIsCalledLocked() async throws {
        let scratch = try ScratchDirectory()
        let store = try SQLiteStore(path: scratch.database)
        try await store.append([.putNetwork(.initial)], urgency: .now).wait()
        try await store.close()
        try Python.lock(scratch.database) {
            #expect(throws: StoreError.locked(path: scratch.database)) {
                try SQLiteStore(path: scratch.database, patience: .milliseconds(50))
            }
        }
        let next = try SQLiteStore(path: scratch.database)
        #expect(try await next.load().networks == [.initial])
        try await next.close()
    }

    @Test func aDatabaseOfALaterVersionIsLeftUntouched() async throws {
        let scratch = try ScratchDirectory()
        let store = try SQLiteStore(path: scratch.database)
        try await store.append([.putNetwork(.initial)], urgency: .now).wait()
        try await store.close()
        try Python.sqlite(scratch.database, "INSERT INTO grdb_migrations VALUES ('9: the future')")
        let before = try Data(contentsOf: URL(filePath: scratch.database))
        #expect(throws: StoreError.newerVersion(path: scratch.database, unknown: ["9: the future"])) {
            try SQLiteStore(path: scratch.database)
        }
        #expect(try Data(contentsOf: URL(filePath: scratch.database)) == before)
        try Python.sqlite(scratch.database, "DELETE FROM grdb_migrations WHERE identifier LIKE '9%'")
        let back = try SQLiteStore(path: scratch.database)
        #expect(try await back.load().networks == [.initial])
        try await back.close()
    }

    @Test func aDatabaseOfAnotherProgramIsLeftUntouched() throws {
        let scratch = try ScratchDirectory()
        try Python.sqlite(scratch.database, "CREATE TABLE treasure (gold INTEGER)")
        let before = try Data(contentsOf: URL(filePath: scratch.database))
        #expect(throws: StoreError.foreign(path: scratch.database)) { try SQLiteStore(path: scratch.database) }
        #expect(try Data(contentsOf: URL(filePath: scratch.database)) == before)
    }

    @Test func aFileThatIsNoDatabaseIsCalledDamaged() throws {
        let scratch = try ScratchDirectory()
        let garbage = Data("this is not a database, however long one looks at it\n".utf8)
        try garbage.write(to: URL(filePath: scratch.database))
        #expect(throws: StoreError.self) { try SQLiteStore(path: scratch.database) }
        do {
            _ = try SQLiteStore(path: scratch.database)
        } catch {
            guard case .corrupt = error else {
                Issue.record("\(error)")
                return
            }
        }
        #expect(try Data(contentsOf: URL(filePath: scratch.database)) == garbage)
    }

    @Test func aRowThatNoVersionWritesIsAnErrorAndNoTrap() async throws {
        let scratch = try ScratchDirectory()
        let store = try SQLiteStore(path: scratch.database)
        try await store.append([.putNetwork(.initial)], urgency: .now).wait()
        try await store.close()
        try Python.sqlite(
            scratch.database,
            "PRAGMA ignore_check_constraints = 1; PRAGMA foreign_keys = 0; "
                + "INSERT INTO network VALUES (-5, 'odd', 0); "
                + "INSERT INTO node VALUES (1, 1, 'n', x'00', x'01', x'02', NULL, 0, 0, NULL, 0)")
        let damaged = try SQLiteStore(path: scratch.database)
        do {
            _ = try await damaged.load()
            Issue.record("it was read")
        } catch {
            guard case .corrupt = error else {
                Issue.record("\(error)")
                return
            }
        }
        try await damaged.close()
    }

    @Test(arguments: ["", "02", "01ff", "0100000000", "0100000000010000000000000000000000000000000000"])
    func aPublicationThatCannotBeReadIsLeftOutAndItsNodeStays(blob: String) async throws {
        let scratch = try ScratchDirectory()
        var random = SeededGenerator(1)
        let store = try SQLiteStore(path: scratch.database)
        let node = try NodeRecord.random(1, using: &random)
        try await store.append(
            [.putNetwork(.initial), .putNode(node), .putPublication(node.id, Publication(sequence: 9))], urgency: .now
        ).wait()
        try await store.close()
        try Python.sqlite(scratch.database, "UPDATE publication SET candidates = x'\(blob)', nat = x'0105'")
        let reopened = try SQLiteStore(path: scratch.database)
        #expect(
            try await reopened.load().nodes == [
                RegistrySnapshot.Node(record: node, publication: Publication(sequence: 9))
            ])
        try await reopened.close()
    }

    @Test func aDirectoryThatIsMissingIsNamed() throws {
        let scratch = try ScratchDirectory()
        let path = scratch.path("missing/causeway.sqlite")
        #expect(throws: StoreError.cannotOpen(path: path, reason: "No such file or directory")) { try SQLiteStore(path: path) }
    }

    @Test(arguments: [
        (5 as Int32, StoreError.locked(path: "p")), (6, .locked(path: "p")), (8, .readOnly(path: "p")),
        (13, .diskFull(path: "p")),
        (11, .corrupt(path: "p", reason: "r")), (26, .corrupt(path: "p", reason: "r")), (3, .readOnly(path: "p")),
        (14, .cannotOpen(path: "p", reason: "r")), (10, .failed(path: "p", reason: "r")),
    ])
    func codesOfSQLiteAreToldApart(code: Int32, expected: StoreError) {
        #expect(StoreError(sqliteCode: code, reason: "r", path: "p") == expected)
        #expect(expected.description.hasPrefix("p ") || expected == .diskFull(path: "p"))
    }

    @Test func theFilesAreTheirOwnersOnly() async throws {
        let scratch = try ScratchDirectory()
        try #require(
            FileManager.default.createFile(
                atPath: scratch.database, contents: nil, attributes: [.posixPermissions: 0o644]))
        let store = try SQLiteStore(path: scratch.database)
        try await store.append([.putNetwork(.initial)], urgency: .now).wait()
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: scratch.database + suffix)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(suffix)")
        }
        try await store.close()
    }
}
