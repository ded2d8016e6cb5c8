import Testing
import Wire

struct TokenBucketTests {
    @Test func aFullBucketGivesItsBurstAndThenItsRate() {
        var bucket = TokenBucket(rate: 2, burst: 3, at: .zero)
        let burst = (0..<4).map { _ in bucket.take(at: .zero) }
        let later = [499, 500].map { bucket.take(at: .zero + .milliseconds($0)) }
        #expect(burst == [true, true, true, false])
        #expect(later == [false, true])
    }

    @Test func tokensNeverExceedTheBurst() {
        var bucket = TokenBucket(rate: 1000, burst: 2, at: .zero)
        let hourLater = Instant.zero + .seconds(3600)
        let granted = [bucket.take(2, at: hourLater), bucket.take(at: hourLater)]
        #expect(granted == [true, false])
    }

    @Test func theDelayIsExact() {
        var bucket = TokenBucket(rate: 4, burst: 1, at: .zero)
        let atFirst = bucket.delay(at: .zero)
        let granted = bucket.take(at: .zero)
        let afterwards = bucket.delay(at: .zero)
        let ofTooMany = bucket.delay(for: 2, at: .zero)
        #expect(granted && atFirst == .zero && afterwards == .milliseconds(250) && ofTooMany == nil)
    }

    @Test func aClockThatStandsStillOrGoesBackGivesNothing() {
        var bucket = TokenBucket(rate: 1, burst: 1, at: .zero + .seconds(10))
        let granted = [10, 10, 5].map { bucket.take(at: .zero + .seconds($0)) }
        let isFullAgain = bucket.isFull(at: .zero + .seconds(11))
        #expect(granted == [true, false, false])
        #expect(isFullAgain)
    }
}
