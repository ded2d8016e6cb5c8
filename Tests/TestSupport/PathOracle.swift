internal import Traversal
internal import Wire

/// Decides from the topology alone whether two hosts can reach each other directly without guessing ports.
///
/// It reasons about what each gateway on the way would let pass if both sides probed everything that they can know of each
/// other: own addresses, and what a STUN server in the Internet sees. It knows nothing of the engine, its timing or messages.
///
/// Written X → Y for a packet from X to the endpoint of Y that is known (`K` of Y), which arrives as coming from X'. The way is
/// good when Y's answer, which comes from Y', gets back in to X' as well.
package struct PathOracle {
    /// A translating or filtering gateway on the way out of a host.
    private struct Layer {
        let mapping: NATKind.Dependence
        /// Nil lets everything in.
        let filtering: NATKind.Dependence?
    }

    /// The way from a host out to the network where both meet.
    private struct Way {
        /// From the host outwards.
        var layers: [Layer]
        /// Whether the peer can know the endpoint at that network.
        var isKnown: Bool

        /// Whether the endpoint at the meeting network is the same whatever the destination, so that K is what packets come from.
        var isStable: Bool { layers.allSatisfy { $0.mapping == .endpointIndependent } }
        /// Whether it is the same for all ports of one destination address.
        var isStablePerAddress: Bool { layers.allSatisfy { $0.mapping != .addressAndPortDependent } }
    }

    /// Whether each side can reach a state in which its packets arrive directly and answers come back.
    package let leftIsDirect: Bool
    package let rightIsDirect: Bool

    /// How many sides' external ports would have to be guessed for a direct path: 0 when there is one, nil when no guess helps.
    package let guessedPorts: Int?

    package var isDirect: Bool { leftIsDirect && rightIsDirect }

    package init(_ left: SimulatedHost, _ right: SimulatedHost) {
        var (leftIsDirect, rightIsDirect) = (false, false)
        var guesses: Int?
        for a in left.interfaces where a.isUp {
            for b in right.interfaces where b.isUp {
                for family in [IPAddress.Family.ipv4, .ipv6]
                where a.addresses.contains(where: { $0.family == family })
                    && b.addresses.contains(where: { $0.family == family })
                {
                    for (x, y) in Self.ways(a.network, b.network, family) {
                        let (isLeft, isRight) = Self.verdict(x, y)
                        leftIsDirect = leftIsDirect || isLeft
                        rightIsDirect = rightIsDirect || isRight
                        guard x.isKnown, y.isKnown else { continue }
                        guesses = min(guesses ?? 2, (x.isStable ? 0 : 1) + (y.isStable ? 0 : 1))
                    }
                }
            }
        }
        self.leftIsDirect = leftIsDirect
        self.rightIsDirect = rightIsDirect
        guessedPorts = leftIsDirect && rightIsDirect ? 0 : guesses
    }

    // MARK: Ways

    /// The networks where the two may meet: the lowest that both are below, and the Internet by way of a hairpin.
    private static func ways(
        _ left: SimulatedNetwork, _ right: SimulatedNetwork, _ family: IPAddress.Family
    ) -> [(Way, Way)] {
        let (a, b) = (gateways(from: left), gateways(from: right))
        let isShared = { (gateway: SimulatedGateway) in b.contains { $0 === gateway } }
        let lowA = Array(a.prefix { !isShared($0) })
        let lowB = Array(b.prefix { gateway in !a.contains { $0 === gateway } })
        let common = Array(a.drop { !isShared($0) })
        var ways: [(Way, Way)] = []
        if let x = way(lowA, outside: common, family), let y = way(lowB, outside: common, family) {
            ways.append((x, y))
        }
        // Both seen from the Internet at one gateway's address, which must send their packets back in.
        if family == .ipv4, let top = common.last(where: { $0.kind != nil }), top.kind?.hairpins == true,
            let x = way(a, outside: [], family), let y = way(b, outside: [], family)
        {
            ways.append((x, y))
        }
        return ways
    }

    private static func gateways(from network: SimulatedNetwork) -> [SimulatedGateway] {
        var gateways: [SimulatedGateway] = []
        var next = network.uplink
        while let gateway = next {
            gateways.append(gateway)
            next = gateway.outer.uplink
        }
        return gateways
    }

    /// Nil when UDP is blocked on the way.
    private static func way(_ inside: [SimulatedGateway], outside: [SimulatedGateway], _ family: IPAddress.Family) -> Way? {
        guard !inside.contains(where: \.blocksUDP) else { return nil }
        let layers = inside.map { gateway in
            if family == .ipv4, let kind = gateway.kind { return Layer(mapping: kind.mapping, filtering: kind.filtering) }
            return Layer(mapping: .endpointIndependent, filtering: gateway.filtering)
        }
        let isTranslatedInside = family == .ipv4 && inside.contains { $0.kind != nil }
        let isTranslatedOutside = family == .ipv4 && outside.contains { $0.kind != nil }
        // An address of its own is known to the host. A translated one is what STUN sees, if nothing translates it further and
        // the server can be reached.
        let isSeen = !isTranslatedOutside && !outside.contains(where: \.blocksUDP)
        return Way(layers: layers, isKnown: !isTranslatedInside || isSeen)
    }

    // MARK: Reasoning

    private static func verdict(_ x: Way, _ y: Way) -> (x: Bool, y: Bool) {
        let (fromX, fromY) = (isOpen(from: x, to: y), isOpen(from: y, to: x))
        return (fromX || (fromY && learns(x, from: y)), fromY || (fromX && learns(y, from: x)))
    }

    /// Whether X → K of Y arrives and the answer gets back.
    private static func isOpen(from x: Way, to y: Way) -> Bool {
        guard y.isKnown else { return false }
        // In: a filter that wants to have been written to was, if the packets of Y to K of X left by the mapping that K is of.
        var isSameMapping = true
        for layer in y.layers {
            isSameMapping = isSameMapping && layer.mapping == .endpointIndependent
            switch layer.filtering {
            case nil, .endpointIndependent: break
            case .addressDependent: guard isSameMapping, x.isKnown else { return false }
            case .addressAndPortDependent: guard isSameMapping, x.isKnown, x.isStable else { return false }
            }
        }
        // Back: X wrote to K of Y exactly. The answer comes from there if Y is stable, else from another port of its address.
        return y.isStable || x.layers.allSatisfy { $0.filtering != .addressAndPortDependent }
    }

    /// Whether Y, once a packet of X has arrived from X', gets an answer to its own: Y' → X' comes in, as shown above, and the
    /// answer of X must get in to Y'.
    private static func learns(_ y: Way, from x: Way) -> Bool {
        // X answers to Y'. It leaves as X' if X maps alike for K of Y and for Y'.
        let isFromSamePort = y.isStable || x.isStablePerAddress
        return isFromSamePort || y.layers.allSatisfy { $0.filtering != .addressAndPortDependent }
    }
}
