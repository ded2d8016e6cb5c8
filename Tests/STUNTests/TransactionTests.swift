import STUN
import Testing
import Wire

struct TransactionTests {
    @Test
    func theStandardScheduleIsThatOfTheRFC() {
        var transaction = Transaction(at: .zero)
        var transmissions: [Int64] = [0]
        while true {
            let now = transaction.deadline
            switch transaction.deadlineReached(at: now) {
            case .transmit: transmissions.append(now.nanoseconds / 1_000_000)
            case .wait: Issue.record("the deadline was not the deadline")
            case .giveUp:
                #expect(transmissions == [0, 500, 1500, 3500, 7500, 15500, 31500])
                #expect(now == .zero + .milliseconds(39500))
                return
            }
        }
    }

    @Test
    func beforeTheDeadlineItWaits() {
        var transaction = Transaction(.probing, at: .zero)
        #expect(transaction.deadlineReached(at: .zero + .milliseconds(299)) == .wait)
        #expect(transaction.transmissionCount == 1)
        #expect(transaction.deadlineReached(at: .zero + .milliseconds(300)) == .transmit)
        #expect(transaction.transmissionCount == 2)
    }
}
