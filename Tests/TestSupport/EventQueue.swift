package import Wire

/// Events of a simulation in the order of their times; those of one time in the order in which they were scheduled.
package struct EventQueue<Event> {
    private struct Entry {
        let time: Instant
        let number: UInt64
        let event: Event

        func isBefore(_ other: Entry) -> Bool {
            time == other.time ? number < other.number : time < other.time
        }
    }

    // A binary heap: the children of `i` stand at `2i + 1` and `2i + 2`.
    private var heap: [Entry] = []
    private var scheduled: UInt64 = 0

    package init() {}

    package var nextTime: Instant? { heap.first?.time }

    package mutating func schedule(_ event: Event, at time: Instant) {
        heap.append(Entry(time: time, number: scheduled, event: event))
        scheduled += 1
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    package mutating func next() -> (time: Instant, event: Event)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.time, first.event)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
