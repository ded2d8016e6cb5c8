internal import CryptoBox
internal import DERP
internal import Wire

/// Drives flows over the links of one loop.
final class RelayLoad: LinkObserver {
    /// A flow that heard nothing for so long takes what is in flight for lost.
    private static let lossTimeout = Duration.milliseconds(400)
    /// A link with so many unsent bytes takes no more: the relay pushes back.
    private static let pendingLimit = 128 << 10
    /// Packets that a paced flow keeps until its link takes them.
    private static let backlog = 64
    private static let loginTimeout = Duration.seconds(20)
    private static let politeRate = 100.0

    private var loop: LoadLoop<RelayLoad>?
    private var flows: [Flow] = []
    /// The flows of each link that sends.
    private var flowsOfLink: [[Int]] = []
    /// Links whose flows may send more, each once.
    private var dirty: [Int] = []
    private var isDirty: [Bool] = []
    private var result = LoadResult()
    private var readyCount = 0
    private var failure: String?

    /// Logs all links in, lets the load run, and measures its second part.
    ///
    /// - Parameter countsCalls: whether the server's system calls are counted, which costs it a little.
    func run(_ plan: LoadPlan, _ login: LoginPlan, server: Int32?, countsCalls: Bool = false) throws -> LoadResult {
        let loop = LoadLoop(login, observer: self)
        self.loop = loop
        defer { self.loop = nil }
        try logIn(plan, loop)
        makeFlows(plan, loop)
        if plan.pattern == .stalled { loop.links.last?.isStalled = true }
        try turn(plan.warmUp, loop)
        resetCounters()
        let calls = try server.flatMap { countsCalls ? try SystemCallCount(process: $0) : nil }
        let usage = server.flatMap { ProcessUsage(process: $0) }
        let ownCPU = ProcessUsage.ownCPU
        let start = Sockets.now()
        try turn(plan.duration, loop)
        result.seconds = (Sockets.now() - start).inSeconds
        result.generatorCPU = ProcessUsage.ownCPU - ownCPU
        if let usage, let server { result.server = ProcessUsage(process: server)?.since(usage) }
        result.serverCalls = calls?.total
        collect(plan)
        return result
    }

    // MARK: - Setting up

    private func logIn(_ plan: LoadPlan, _ loop: LoadLoop<RelayLoad>) throws {
        var random = SystemRandomNumberGenerator()
        let linkCount =
            switch plan.pattern {
            case .pairs, .stalled: 2 * plan.count
            case .oneToMany, .manyToOne: 1 + plan.count
            }
        let total = linkCount + (plan.hasPolitePair ? 2 : 0)
        let deadline = Sockets.now() + Self.loginTimeout + .milliseconds(2 * total)
        while readyCount < total {
            // Not more handshakes at once than a listener's queue holds.
            while loop.links.count < total, loop.links.count - readyCount < 64 {
                try loop.connect(NodePrivateKey(using: &random))
            }
            loop.wakeUp(within: 20)
            if let failure { throw BenchFailure(failure) }
            guard Sockets.now() < deadline else {
                throw BenchFailure(
                    "only \(readyCount) of \(total) connections logged in within \((Self.loginTimeout).inSeconds) s")
            }
        }
    }

    private func makeFlows(_ plan: LoadPlan, _ loop: LoadLoop<RelayLoad>) {
        let links = loop.links
        let pace: Flow.Pace =
            plan.rate.map { .interval(.nanoseconds(Int64(1e9 * Double(plan.count) / max(0.001, $0)))) } ?? .window(plan.window)
        for index in 0..<plan.count {
            let (sender, receiver) =
                switch plan.pattern {
                case .pairs, .stalled: (links[2 * index], links[2 * index + 1])
                case .oneToMany: (links[0], links[1 + index])
                case .manyToOne: (links[1 + index], links[0])
                }
            flows.append(Flow(from: sender, to: receiver, dataCount: plan.size, pace: pace))
        }
        if plan.hasPolitePair {
            let interval = Duration.nanoseconds(Int64(1e9 / Self.politeRate))
            flows.append(
                Flow(
                    from: links[links.count - 2], to: links[links.count - 1], dataCount: plan.size, pace: .interval(interval),
                    isPolite: true))
        }
        let now = Sockets.now()
        flowsOfLink = Array(repeating: [], count: links.count)
        isDirty = Array(repeating: false, count: links.count)
        for index in flows.indices {
            flows[index].progressedAt = now
            if case .interval(let interval) = flows[index].pace {
                // Spread over one interval, so that they do not fire together.
                flows[index].nextDue = now + interval * Double(index) / Double(flows.count)
            }
            flowsOfLink[flows[index].sender].append(index)
            mark(flows[index].sender)
        }
    }

    // MARK: - Running

    private func turn(_ duration: Duration, _ loop: LoadLoop<RelayLoad>) throws {
        let end = Sockets.now() + duration
        let isPaced = flows.contains { if case .interval = $0.pace { true } else { false } }
        var nextSweep = Sockets.now() + .milliseconds(100)
        while true {
            let now = Sockets.now()
            guard now < end else { return }
            if now >= nextSweep {
                giveUpSilentFlows(at: now)
                nextSweep = now + .milliseconds(100)
            }
            if isPaced { markDueFlows(loop, at: now) }
            sendDirty(loop, at: now)
            loop.wakeUp(within: isPaced ? 1 : 50)
            if let failure { throw BenchFailure(failure) }
        }
    }

    private func sendDirty(_ loop: LoadLoop<RelayLoad>, at now: Instant) {
        for index in dirty {
            isDirty[index] = false
            let link = loop.links[index]
            for flow in flowsOfLink[index] { send(flow, on: link, loop, at: now) }
            loop.flush(link)
        }
        dirty.removeAll(keepingCapacity: true)
    }

    private func send(_ index: Int, on link: Link, _ loop: LoadLoop<RelayLoad>, at now: Instant) {
        let template = flows[index].template
        switch flows[index].pace {
        case .window(let window):
            var sequence = flows[index].nextSequence
            var inFlight = flows[index].inFlight
            while inFlight < window, link.pending.count < Self.pendingLimit {
                loop.append(template, flow: index, sequence: sequence, at: now, to: link)
                sequence += 1
                inFlight += 1
            }
            flows[index].nextSequence = sequence
            flows[index].inFlight = inFlight
        case .interval(let interval):
            guard flows[index].nextDue <= now, link.pending.count < Self.pendingLimit else { return }
            // What is older than the backlog was held back. The rest goes at once, as a program writes that has more than it can send.
            let due = Int((now - flows[index].nextDue).nanoseconds / max(1, interval.nanoseconds)) + 1
            let excess = max(0, due - Self.backlog)
            flows[index].held += excess
            for packet in 0..<UInt64(due - excess) {
                loop.append(template, flow: index, sequence: flows[index].nextSequence + packet, at: now, to: link)
            }
            flows[index].nextDue = flows[index].nextDue + .nanoseconds(interval.nanoseconds * Int64(due))
            flows[index].nextSequence += UInt64(due - excess)
            flows[index].inFlight += due - excess
        }
    }

    private func mark(_ link: Int) {
        guard !isDirty[link] else { return }
        isDirty[link] = true
        dirty.append(link)
    }

    /// Links that take nothing report when they do again.
    private func markDueFlows(_ loop: LoadLoop<RelayLoad>, at now: Instant) {
        for index in flows.indices where flows[index].nextDue <= now {
            let sender = flows[index].sender
            if case .interval = flows[index].pace, loop.links[sender].pending.isEmpty { mark(sender) }
        }
    }

    /// A window that lost all its packets would stay closed for ever.
    private func giveUpSilentFlows(at now: Instant) {
        for index in flows.indices {
            guard case .window = flows[index].pace, flows[index].inFlight > 0, now - flows[index].progressedAt > Self.lossTimeout
            else { continue }
            flows[index].lost += flows[index].inFlight
            flows[index].inFlight = 0
            flows[index].expectedSequence = flows[index].nextSequence
            flows[index].progressedAt = now
            mark(flows[index].sender)
        }
    }

    // MARK: - What the links report

    func becameReady(_ link: Link, at now: Instant) {
        readyCount += 1
    }

    func packetReceived(_ link: Link, _ data: RawSpan, at now: Instant) {
        guard let stamp = data.uint64(at: 0), stamp < UInt64(flows.count), let sequence = data.uint64(at: 8),
            let sentAt = data.uint64(at: 16)
        else { return }
        let index = Int(stamp)
        guard flows[index].receiver == link.index else { return }
        let latency = now.nanoseconds - Int64(bitPattern: sentAt)
        if flows[index].isPolite { result.politeLatency.record(latency) } else { result.latency.record(latency) }
        flows[index].delivered += 1
        flows[index].progressedAt = now
        let expected = flows[index].expectedSequence
        if sequence < expected {
            // It was counted as lost and came after all.
            flows[index].lost -= 1
            return
        }
        let gap = Int(sequence - expected)
        flows[index].expectedSequence = sequence + 1
        flows[index].lost += gap
        flows[index].inFlight = max(0, flows[index].inFlight - gap - 1)
        if case .window = flows[index].pace { mark(flows[index].sender) }
    }

    func becameWritable(_ link: Link) {
        guard link.index < flowsOfLink.count, !flowsOfLink[link.index].isEmpty else { return }
        mark(link.index)
    }

    func closed(_ link: Link, _ reason: String) {
        // A relay may cut a receiver off that takes nothing.
        guard !link.isStalled else { return }
        failure = "connection \(link.index) ended: \(reason)"
    }

    // MARK: - Counting

    private func resetCounters() {
        result = LoadResult()
        for index in flows.indices {
            flows[index].delivered = 0
            flows[index].lost = 0
            flows[index].held = 0
        }
    }

    private func collect(_ plan: LoadPlan) {
        for (index, flow) in flows.enumerated() {
            if flow.isPolite {
                result.politeDelivered = flow.delivered
                result.politeLost = max(0, flow.lost)
                continue
            }
            result.delivered += flow.delivered
            // The stalled flow loses by design.
            guard plan.pattern != .stalled || index < plan.count - 1 else { continue }
            result.lost += max(0, flow.lost)
            result.held += flow.held
            result.perFlow.append(flow.delivered)
        }
    }
}
