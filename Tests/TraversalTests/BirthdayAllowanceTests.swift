import Testing
import Wire

@testable import Traversal

private func time(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }

@Suite struct BirthdayAllowanceTests {
    private var allowance = BirthdayAllowance()

    private func attempt(
        _ number: UInt8, _ role: BirthdayPlan.Role = .guesser, entries: Int = 640, packets: Int = 2048, isExhaustive: Bool = false
    ) -> BirthdayPlan {
        BirthdayPlan(
            role: role, target: IPAddress(203, 0, 113, number), socketCount: 0, model: SocketID(1), packetCount: packets,
            entryCount: entries, isExhaustive: isExhaustive)
    }

    private mutating func begins(_ plan: BirthdayPlan, at milliseconds: Int64) -> Bool {
        allowance.begin(plan, at: time(milliseconds))
    }

    private mutating func end(_ plan: BirthdayPlan, _ outcome: BirthdayResult.Outcome, at milliseconds: Int64) {
        allowance.ended(plan, BirthdayResult(outcome, entryCount: plan.entryCount), at: time(milliseconds))
    }

    /// Whoever asks, and whichever part we take: the allowance outlives the sessions.
    @Test(arguments: [BirthdayPlan.Role.guesser, .opener, .searcher])
    mutating func anAddressThatDoesNotAnswerRestsTenMinutes(role: BirthdayPlan.Role) {
        let first = begins(attempt(1, role), at: 0)
        end(attempt(1, role), .silent, at: 43_000)
        let early = begins(attempt(1, .opener), at: 642_999)
        let inTime = begins(attempt(1, .opener), at: 643_000)
        #expect([first, early, inTime] == [true, false, true])
    }

    @Test mutating func anAddressThatAnswersMayBeGuessedAtAgainSoonAndNotTooOften() {
        var begun = 0
        for second in stride(from: Int64(0), to: 599, by: 31) where begins(attempt(1), at: second * 1000) {
            begun += 1
            end(attempt(1), .answered, at: second * 1000)
        }
        #expect(begun == 6)
    }

    @Test mutating func entriesOfAllAttemptsTogetherKeepTheLimit() {
        let first = begins(attempt(1, entries: 500), at: 0)
        let second = begins(attempt(2, entries: 401), at: 1000)
        let third = begins(attempt(3, entries: 400), at: 1000)
        #expect([first, second, third] == [true, false, true])
        // What an attempt leaves is forgotten 30 s after it.
        end(attempt(1, entries: 500), .answered, at: 2000)
        let early = begins(attempt(2, entries: 401), at: 31_999)
        let inTime = begins(attempt(2, entries: 401), at: 32_000)
        #expect([early, inTime] == [false, true])
    }

    @Test mutating func aGatewayThatDroppedRestsTenMinutes() {
        _ = begins(attempt(1), at: 0)
        end(attempt(1), .dropped, at: 1000)
        let early = begins(attempt(2), at: 600_999)
        let inTime = begins(attempt(2), at: 601_000)
        #expect([early, inTime] == [false, true])
    }

    @Test mutating func inAnotherNetworkTheAttemptMayBeMadeAgain() {
        _ = begins(attempt(1), at: 0)
        end(attempt(1), .moved, at: 1000)
        let again = begins(attempt(1), at: 1001)
        #expect(again)
    }

    @Test mutating func aLongSearchRunsAloneAndBesideAnAttempt() {
        let search = attempt(1, .searcher, entries: 3000, packets: 170_000, isExhaustive: true)
        let first = begins(search, at: 0)
        let other = begins(attempt(2, .searcher, entries: 256), at: 0)
        let guess = begins(attempt(3), at: 0)
        #expect([first, other, guess] == [true, false, true])
    }

    @Test mutating func allAttemptsTogetherKeepTheirPackets() {
        var begun = 0
        for number in UInt8(1)...19 where begins(attempt(number), at: Int64(number) * 31_000) {
            begun += 1
            end(attempt(number), .answered, at: Int64(number) * 31_000)
        }
        #expect(begun == 8)
    }
}
