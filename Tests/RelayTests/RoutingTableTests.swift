import DERP
import Testing
import Wire

@testable import Relay

/// A shard's copy of the routes.
struct RoutingTableTests {
    private func key(_ number: UInt8) -> RouteKey {
        var bytes = [UInt8](repeating: 0, count: 32)
        bytes[0] = number
        return bytes.withUnsafeBytes { raw in
            raw.baseAddress.map { RouteKey(loading: $0) } ?? .zero
        }
    }

    private func registration(_ slot: Int, order: UInt64, network: UInt32 = 0) -> RoutingTable.Registration {
        RoutingTable.Registration(
            id: ConnectionID(shard: slot % 3, slot: slot, generation: 1), order: order, network: network, flags: .regular,
            source: Endpoint(IPAddress(127, 0, 0, 1), 1))
    }

    /// A table, reachable by the test macros.
    private final class Table {
        private var table: RoutingTable

        init(_ seed: UInt64) {
            var random = SeededGenerator(seed)
            table = RoutingTable(using: &random, capacity: 4)
        }

        var count: Int { table.count }
        var version: UInt64 { table.version }
        var duplicates: [Int] { [table.duplicates.keys, table.duplicates.connections] }
        var slots: Set<Int> { Set(table.all.map(\.active.id.slot)) }

        func active(_ key: RouteKey) -> (id: ConnectionID, network: UInt32)? { table.active(key) }
        func connectionCount(_ key: RouteKey) -> Int { table.connectionCount(key) }
        func add(_ key: RouteKey, _ registration: RoutingTable.Registration) -> RoutingTable.Change {
            table.add(key, registration)
        }
        func remove(_ key: RouteKey, _ id: ConnectionID) -> RoutingTable.Change { table.remove(key, id) }
        func activate(_ key: RouteKey, _ id: ConnectionID, order: UInt64) -> RoutingTable.Change {
            table.activate(key, id, order: order)
        }
    }

    private func makeTable(_ seed: UInt64 = 1) -> Table { Table(seed) }

    @Test
    func aKeyIsFoundFromItsFirstConnectionToItsLast() {
        let table = makeTable()
        #expect(table.active(key(1)) == nil)
        #expect(table.add(key(1), registration(1, order: 1, network: 7)) == .appeared)
        #expect(table.active(key(1))?.id == registration(1, order: 1).id)
        #expect(table.active(key(1))?.network == 7)
        #expect(table.remove(key(1), registration(1, order: 1).id) == .vanished)
        #expect(table.active(key(1)) == nil)
        #expect(table.remove(key(1), registration(1, order: 1).id) == .none)
        #expect(table.count == 0)
    }

    @Test
    func theLastConnectionTakesThePacketsAndItsHeirIsTheOneActiveBefore() {
        let table = makeTable()
        _ = table.add(key(1), registration(1, order: 1))
        #expect(table.add(key(1), registration(2, order: 2)) == .changed)
        #expect(table.add(key(1), registration(3, order: 3)) == .changed)
        #expect(table.active(key(1))?.id.slot == 3)
        #expect(table.duplicates == [1, 3])
        #expect(table.activate(key(1), registration(1, order: 0).id, order: 4) == .changed)
        #expect(table.active(key(1))?.id.slot == 1)
        #expect(table.remove(key(1), registration(1, order: 0).id) == .changed)
        #expect(table.active(key(1))?.id.slot == 3)
        #expect(table.remove(key(1), registration(2, order: 0).id) == .changed)
        #expect(table.active(key(1))?.id.slot == 3)
        #expect(table.connectionCount(key(1)) == 1)
        #expect(table.duplicates == [0, 0])
    }

    @Test
    func anActivationThatIsOlderThanAnotherDoesNothing() {
        let table = makeTable()
        _ = table.add(key(1), registration(1, order: 1))
        _ = table.add(key(1), registration(2, order: 5))
        #expect(table.activate(key(1), registration(1, order: 0).id, order: 4) == .none)
        #expect(table.active(key(1))?.id.slot == 2)
        // But it counts when the other is gone.
        _ = table.add(key(1), registration(3, order: 3))
        _ = table.remove(key(1), registration(2, order: 0).id)
        #expect(table.active(key(1))?.id.slot == 1)
    }

    @Test
    func everyChangeEndsWhatConnectionsRemember() {
        let table = makeTable()
        let first = table.version
        _ = table.add(key(1), registration(1, order: 1))
        let second = table.version
        #expect(second != first)
        _ = table.remove(key(1), registration(1, order: 1).id)
        #expect(table.version != second)
    }

    /// The same changes in another order between shards end in the same table.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func allShardsComeToTheSameAnswer(seed: UInt64) {
        var random = SeededGenerator(seed)
        // Each connection's own changes keep their order; those of different connections mix freely.
        var perConnection: [[(order: UInt64, kind: Int)]] = []
        var order: UInt64 = 0
        for _ in 0..<6 {
            order += 1
            var changes = [(order: order, kind: 0)]
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                order += 1
                changes.append((order, 1))
            }
            if Bool.random(using: &random) { changes.append((0, 2)) }
            perConnection.append(changes)
        }
        perConnection.shuffle(using: &random)
        func result(_ random: inout SeededGenerator) -> [Int?] {
            let table = makeTable(seed)
            var left = perConnection.map { $0[...] }
            while let slot = left.indices.filter({ !left[$0].isEmpty }).randomElement(using: &random) {
                let change = left[slot].removeFirst()
                let id = registration(slot, order: 0).id
                switch change.kind {
                case 0: _ = table.add(key(1), registration(slot, order: change.order))
                case 1: _ = table.activate(key(1), id, order: change.order)
                case _: _ = table.remove(key(1), id)
                }
            }
            return [table.active(key(1))?.id.slot, table.connectionCount(key(1))]
        }
        let expected = result(&random)
        for _ in 0..<10 { #expect(result(&random) == expected) }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func aTableBehavesLikeADictionary(seed: UInt64) {
        var random = SeededGenerator(seed)
        let table = makeTable(seed)
        var model: [UInt8: Int] = [:]
        for _ in 0..<2000 {
            let number = UInt8.random(in: 0...120, using: &random)
            if let slot = model[number], Bool.random(using: &random) {
                #expect(table.remove(key(number), registration(slot, order: 0).id) == .vanished)
                model[number] = nil
            } else if model[number] == nil {
                let slot = Int.random(in: 0..<1000, using: &random)
                #expect(table.add(key(number), registration(slot, order: 1)) == .appeared)
                model[number] = slot
            }
        }
        for number in 0...120 as ClosedRange<UInt8> { #expect(table.active(key(number))?.id.slot == model[number]) }
        #expect(table.count == model.count)
        #expect(table.slots == Set(model.values))
    }
}
