#pragma once

namespace helixsim {

/// The blocks of a step, in the order in which they are scheduled.
enum class Block { Begin, Attention, Dense, Moe, End, Hop };
inline constexpr int kBlocks = 6;
inline constexpr Block kBlocksInOrder[kBlocks] = {Block::Begin, Block::Attention, Block::Dense,
                                                  Block::Moe,   Block::End,       Block::Hop};

}  // namespace helixsim
