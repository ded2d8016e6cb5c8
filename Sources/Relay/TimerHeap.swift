internal import Wire

/// The deadlines of a shard's connections: at most one per slot, the earliest at the front.
///
/// A binary heap that knows where each slot's entry is, so that a deadline can be moved or taken back in O(log n).
struct TimerHeap {
    private struct Entry {
        var deadline: Instant
        var slot: Int
    }

    private var heap: [Entry] = []
    /// Where each slot's entry is in the heap; -1 without one.
    private var positions: [Int] = []

    /// The earliest deadline.
    var earliest: Instant? { heap.first?.deadline }

    /// The deadline set for a slot.
    func deadline(of slot: Int) -> Instant? {
        guard slot < positions.count, positions[slot] >= 0 else { return nil }
        return heap[positions[slot]].deadline
    }

    /// Sets or moves the deadline of a slot.
    mutating func set(_ slot: Int, to deadline: Instant) {
        while positions.count <= slot { positions.append(-1) }
        var position = positions[slot]
        if position < 0 {
            position = heap.count
            heap.append(Entry(deadline: deadline, slot: slot))
            positions[slot] = position
        } else {
            heap[position].deadline = deadline
        }
        siftDown(siftUp(position))
    }

    /// Takes back the deadline of a slot, if it has one.
    mutating func remove(_ slot: Int) {
        guard slot < positions.count, positions[slot] >= 0 else { return }
        let position = positions[slot]
        let last = heap.count - 1
        if position != last { exchange(position, last) }
        heap.removeLast()
        positions[slot] = -1
        if position < heap.count { siftDown(siftUp(position)) }
    }

    /// Takes out a slot whose deadline has come.
    mutating func popExpired(at now: Instant) -> Int? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        remove(first.slot)
        return first.slot
    }

    private mutating func siftUp(_ start: Int) -> Int {
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard heap[position].deadline < heap[parent].deadline else { break }
            exchange(position, parent)
            position = parent
        }
        return position
    }

    private mutating func siftDown(_ start: Int) {
        var position = start
        while true {
            var smallest = position
            for child in 2 * position + 1...2 * position + 2
            where child < heap.count && heap[child].deadline < heap[smallest].deadline {
                smallest = child
            }
            guard smallest != position else { return }
            exchange(position, smallest)
            position = smallest
        }
    }

    private mutating func exchange(_ first: Int, _ second: Int) {
        heap.swapAt(first, second)
        positions[heap[first].slot] = first
        positions[heap[second].slot] = second
    }
}
