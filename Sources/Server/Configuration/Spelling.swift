/// Finds the word that somebody meant who wrote another.
enum Spelling {
    /// The candidate nearest to `word`, when it is near enough to be worth naming.
    ///
    /// - Parameter tolerance: how many letters of `word` one wrong letter must be spread over.
    static func nearest(to word: String, in candidates: some Sequence<String>, tolerance: Int = 3) -> String? {
        let ranked = candidates.map { (candidate: $0, distance: distance(word.lowercased(), $0.lowercased())) }
        guard let best = ranked.min(by: { ($0.distance, $0.candidate) < ($1.distance, $1.candidate) }) else { return nil }
        return best.distance <= max(1, word.count / tolerance) ? best.candidate : nil
    }

    /// Insertions, deletions and replacements between two words (Levenshtein).
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (right[column] == character ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}
