internal import STUN
internal import Wire

/// Runs the RFC 5780 tests from our sockets and puts the result into our terms.
struct BehaviorStudy: Sendable {
    private var discovery: BehaviorDiscovery
    let main: SocketID
    /// The socket for tests, where there is one.
    let second: SocketID?
    private(set) var finished: NATBehavior?
    /// The external ports that the servers saw the main socket at.
    private var ports: Set<UInt16> = []

    /// Starts, if there is an IPv4 socket and a server for it: IPv6 has no NATs worth a study.
    init?(
        sockets: [LocalSocket], servers: [Endpoint], interfaces: [NetworkInterface], at now: Instant,
        using random: inout some RandomNumberGenerator, effects: inout [LocalAgent.Effect]
    ) {
        let servers = servers.filter(\.address.isIPv4)
        guard !servers.isEmpty, let main = sockets.first(where: { $0.family == .ipv4 && !$0.isForTests }) else { return nil }
        self.main = main.id
        second = sockets.first { $0.family == .ipv4 && $0.isForTests && $0.interfaceIndex == main.interfaceIndex }?.id
        let host = interfaces.first { interface in
            interface.role == .uplink && interface.addresses.contains(where: \.isIPv4)
                && (main.interfaceIndex == nil || main.interfaceIndex == interface.index)
        }
        let local = host?.addresses.first(where: \.isIPv4).map { Endpoint($0, main.port) }
        var steps: [BehaviorDiscovery.Effect] = []
        discovery = BehaviorDiscovery(
            servers: servers, local: local, options: second == nil ? [] : [.filtering, .hairpinning], at: now,
            using: &random, effects: &steps)
        carryOut(steps, effects: &effects)
    }

    var nextDeadline: Instant? { discovery.nextDeadline }

    /// Takes a STUN message; answers false when it is none of the study's.
    mutating func receive(
        _ bytes: RawSpan, from source: Endpoint, over socket: SocketID, at now: Instant,
        using random: inout some RandomNumberGenerator, effects: inout [LocalAgent.Effect]
    ) -> Bool {
        guard socket == main || socket == second else { return false }
        var steps: [BehaviorDiscovery.Effect] = []
        let isOurs = discovery.receive(
            bytes, from: source, on: socket == main ? .main : .second, at: now, using: &random, effects: &steps)
        // What is ours has been parsed before, and would parse again.
        if isOurs, socket == main, case .mapped(let mapped) = try? BindingResponse(parsing: bytes).result {
            ports.insert(mapped.port)
        }
        carryOut(steps, effects: &effects)
        return isOurs
    }

    mutating func deadlineReached(
        at now: Instant, using random: inout some RandomNumberGenerator, effects: inout [LocalAgent.Effect]
    ) {
        var steps: [BehaviorDiscovery.Effect] = []
        discovery.deadlineReached(at: now, using: &random, effects: &steps)
        carryOut(steps, effects: &effects)
    }

    private mutating func carryOut(_ steps: [BehaviorDiscovery.Effect], effects: inout [LocalAgent.Effect]) {
        for step in steps {
            switch step {
            case .send(let bytes, let destination, .main): effects.append(.sendSTUN(bytes, to: destination, over: main))
            case .send(let bytes, let destination, .second):
                if let second { effects.append(.sendSTUN(bytes, to: destination, over: second)) }
            case .mapped: break
            case .finished(let report):
                finished = NATBehavior(report)
                finished?.ports = NATBehavior.range(of: ports)
            }
        }
    }
}

extension NATBehavior {
    /// The range of ports that servers saw; nil with fewer than three different ones, which tell nothing.
    static func range(of ports: Set<UInt16>) -> ClosedRange<UInt16>? {
        guard ports.count >= 3, let lowest = ports.min(), let highest = ports.max() else { return nil }
        return lowest...highest
    }

    /// What a finished discovery says, in the terms that peers are told.
    init(_ report: BehaviorReport) {
        self.init(
            isTranslated: report.isTranslated, filtering: report.filtering.map(Dependence.init), hairpins: report.hairpins)
        switch report.mapping {
        case .endpointIndependent: (mapping, mappingVaries) = (.endpointIndependent, false)
        case .addressDependent: (mapping, mappingVaries) = (.addressDependent, true)
        case .addressAndPortDependent: (mapping, mappingVaries) = (.addressAndPortDependent, true)
        case .destinationDependent: mappingVaries = true
        case nil: break
        }
        if report.preservesPort == true { allocation = .preserving }
    }
}

extension NATBehavior.Dependence {
    fileprivate init(_ filtering: FilteringBehavior) {
        switch filtering {
        case .endpointIndependent: self = .endpointIndependent
        case .addressDependent: self = .addressDependent
        case .addressAndPortDependent: self = .addressAndPortDependent
        }
    }
}
