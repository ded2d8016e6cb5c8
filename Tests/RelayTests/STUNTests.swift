import CLinux
import Glibc
import STUN
import Testing
import Wire

@testable import Relay

/// STUN over real UDP sockets.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct STUNServiceTests {
    private let loopback = IPAddress(127, 0, 0, 1)

    /// A UDP socket that asks and waits for an answer.
    private final class Client {
        let number: Int32
        let local: Endpoint

        init(_ address: IPAddress) throws {
            var wanted = causeway_endpoint(Endpoint(address, 0))
            number = causeway_bind_udp(&wanted, false, false)
            guard number >= 0 else { throw TestFailure("cannot bind: \(-number)") }
            var endpoint = causeway_endpoint()
            _ = causeway_local_endpoint(number, &endpoint)
            local = Endpoint(endpoint)
        }

        deinit {
            close(number)
        }

        /// Sends a request and answers the reply with its source; nil when none comes.
        func ask(_ request: [UInt8], _ server: Endpoint, within milliseconds: Int32 = 1000) -> (reply: [UInt8], from: Endpoint)? {
            guard let batch = causeway_datagrams_make(1, 2048) else { return nil }
            defer { causeway_datagrams_free(batch) }
            var target = causeway_endpoint(server)
            var failed: UInt32 = 0
            _ = causeway_datagrams_append(batch, request, UInt32(request.count), &target, nil)
            causeway_datagrams_send(batch, number, local.address.isIPv4, &failed)
            var descriptor = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
            guard failed == 0, poll(&descriptor, 1, milliseconds) == 1, causeway_datagrams_receive(batch, number) == 1 else {
                return nil
            }
            var length: UInt32 = 0
            let payload = causeway_datagrams_payload(batch, 0, &length)
            var remote = causeway_endpoint()
            var own = causeway_endpoint()
            causeway_datagrams_addresses(batch, 0, &remote, &own)
            return (Array(UnsafeBufferPointer(start: payload, count: Int(length))), Endpoint(remote))
        }
    }

    private func request(_ number: UInt8, change: UInt32? = nil) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(0x0001 as UInt16)
        writer.write((change == nil ? 0 : 8) as UInt16)
        writer.write(0x2112_a442 as UInt32)
        writer.write([UInt8](repeating: number, count: 12))
        if let change {
            writer.write(0x0003 as UInt16)
            writer.write(4 as UInt16)
            writer.write(change)
        }
        return writer.bytes
    }

    /// The XOR-MAPPED-ADDRESS of a reply.
    private func mapped(_ reply: [UInt8]) -> Endpoint? {
        guard reply.count >= 32, reply[0] == 1, reply[1] == 1, reply[20] == 0, reply[21] == 0x20 else { return nil }
        let port = UInt16(reply[26] ^ 0x21) << 8 | UInt16(reply[27] ^ 0x12)
        let mask = Array(reply[4..<20])
        let length = reply[25] == 1 ? 4 : 16
        guard let address = IPAddress((0..<length).map { reply[28 + $0] ^ mask[$0] }) else { return nil }
        return Endpoint(address, port)
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func aClientLearnsItsAddress(text: String) async throws {
        let address = try #require(IPAddress(text))
        let relay = try TestRelay()
        let server = try #require(try relay.datapath.bindSTUN([Endpoint(address, 0)]).first)
        for number in 0..<20 as Range<UInt8> {
            let client = try Client(address)
            let answer = try #require(client.ask(request(number), server))
            #expect(mapped(answer.reply) == client.local)
            #expect(answer.reply[8..<20].allSatisfy { $0 == number })
            #expect(answer.from == server)
        }
        let stun = await relay.datapath.snapshot().stun
        #expect((address.isIPv4 ? stun.answeredIPv4 : stun.answeredIPv6) == 20)
        #expect(stun.requestBytes == 400)
    }

    @Test
    func aDualStackSocketGivesIPv4ClientsFamilyOneFromTheAddressTheyAsked() throws {
        let relay = try TestRelay()
        let wildcard = try #require(IPAddress("::"))
        let bound = try #require(try relay.datapath.bindSTUN([Endpoint(wildcard, 0)]).first)
        let client = try Client(loopback)
        // Two addresses of one machine: each answer comes from the one that was asked.
        for last in [1, 2, 77] as [UInt8] {
            let server = Endpoint(IPAddress(127, 0, 0, last), bound.port)
            let answer = try #require(client.ask(request(last), server))
            #expect(answer.reply[25] == 1)
            #expect(mapped(answer.reply) == client.local)
            #expect(answer.from == server)
        }
        let other = try Client(try #require(IPAddress("::1")))
        let answer = try #require(other.ask(request(9), Endpoint(other.local.address, bound.port)))
        #expect(mapped(answer.reply) == other.local)
    }

    @Test
    func anIPv4WildcardAnswersFromTheAddressThatWasAsked() throws {
        let relay = try TestRelay()
        let bound = try #require(try relay.datapath.bindSTUN([Endpoint(IPAddress(0, 0, 0, 0), 0)]).first)
        let client = try Client(loopback)
        let server = Endpoint(IPAddress(127, 0, 0, 55), bound.port)
        #expect(client.ask(request(1), server)?.from == server)
    }

    @Test
    func aChangeRequestIsAnsweredFromEachOfTheFourSockets() throws {
        let relay = try TestRelay()
        // Two free ports of the first address.
        let ports = try (0..<2).map { _ in try Client(loopback).local.port }
        let primary = Endpoint(loopback, ports[0])
        let alternate = Endpoint(IPAddress(127, 0, 0, 9), ports[1])
        let addresses = try #require(ServerAddresses(primary: primary, alternate: alternate))
        let bound = try relay.datapath.bindSTUN([primary], behaviour: [addresses])
        #expect(Set(bound) == Set(addresses.sockets))
        let client = try Client(loopback)
        #expect(client.ask(request(1, change: 0), primary)?.from == primary)
        #expect(client.ask(request(2, change: 2), primary)?.from == Endpoint(loopback, ports[1]))
        #expect(client.ask(request(3, change: 4), primary)?.from == Endpoint(alternate.address, ports[0]))
        #expect(client.ask(request(4, change: 6), primary)?.from == alternate)
        #expect(client.ask(request(5, change: 6), alternate)?.from == primary)
    }

    @Test
    func garbageGetsNothingAndIsCounted() async throws {
        let relay = try TestRelay()
        let server = try #require(try relay.datapath.bindSTUN([Endpoint(loopback, 0)]).first)
        let client = try Client(loopback)
        #expect(client.ask([1, 2, 3], server, within: 100) == nil)
        #expect(client.ask([UInt8](repeating: 0xff, count: 100), server, within: 100) == nil)
        #expect(await relay.datapath.snapshot().stun.notSTUN == 2)
    }

    @Test
    func anAddressThatCannotBeBoundIsAnError() throws {
        let relay = try TestRelay()
        let nowhere = Endpoint(IPAddress(192, 0, 2, 1), 3478)
        #expect(throws: DatapathError.cannotBind(nowhere, EADDRNOTAVAIL)) { try relay.datapath.bindSTUN([nowhere]) }
    }
}

/// How many growing replies one network gets.
struct PrefixBudgetTests {
    private final class Budget {
        private var budget: PrefixBudget

        init(_ rate: STUNRate) {
            var random = SeededGenerator(1)
            budget = PrefixBudget(rate, using: &random)
        }

        func take(_ address: String, at seconds: Double) -> Bool {
            guard let address = IPAddress(address) else { return false }
            return budget.take(address, at: Instant(nanoseconds: Int64(seconds * 1e9)))
        }
    }

    @Test
    func aNetworkSharesOneBudget() {
        let budget = Budget(STUNRate(perSecond: 10, burst: 3))
        for last in 1...3 { #expect(budget.take("192.0.2.\(last)", at: 1)) }
        #expect(!budget.take("192.0.2.4", at: 1))
        #expect(budget.take("192.0.3.4", at: 1))
        #expect(budget.take("192.0.2.4", at: 1.11))
        #expect(!budget.take("192.0.2.4", at: 1.11))
    }

    @Test
    func anIPv6NetworkHas56Bits() {
        let budget = Budget(STUNRate(perSecond: 10, burst: 1))
        #expect(budget.take("2001:db8:0:aa00::1", at: 1))
        #expect(!budget.take("2001:db8:0:aaff::2", at: 1))
        #expect(budget.take("2001:db8:0:ab00::1", at: 1))
    }

    @Test
    func loopbackAndARateOfZeroHaveNoLimit() {
        let limited = Budget(STUNRate(perSecond: 1, burst: 1))
        for _ in 0..<10 { #expect(limited.take("127.0.0.1", at: 1)) }
        let unlimited = Budget(STUNRate(perSecond: 0, burst: 0))
        for _ in 0..<10 { #expect(unlimited.take("192.0.2.1", at: 1)) }
    }

    @Test(arguments: [(100, 1000, 4, 25, 250), (3, 2, 4, 1, 1), (0, 10, 2, 0, 5)])
    func shardsThatANetworkReachesSideBySideDivideItsBudget(
        perSecond: Int, burst: Int, count: Int, eachPerSecond: Int, eachBurst: Int
    ) {
        let each = STUNRate(perSecond: perSecond, burst: burst).divided(by: count)
        #expect(each == STUNRate(perSecond: eachPerSecond, burst: eachBurst))
    }

    @Test
    func moreNetworksThanPlacesDoNotGrowTheTable() {
        let budget = Budget(STUNRate(perSecond: 10, burst: 2))
        for number in 0..<100_000 {
            #expect(budget.take("10.\(number >> 8 & 255).\(number & 255).1", at: 1) || number >= 65_536)
        }
    }
}
