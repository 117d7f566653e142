#pragma once
#include <string>

#include "provision/distribution.h"
#include "provision/facts.h"
#include "provision/provision.h"

namespace dm {

/// Why live-restore may not carry containers over to an engine with these options, as the end of a sentence;
/// empty: it does.
std::string obstacle_to_live_restore(const EngineOptions& before, const EngineOptions& after);

/// By which option the engine looks for images and containers elsewhere than before; empty: by none.
std::string option_that_hides(const EngineOptions& before, const EngineOptions& after,
                              const MachineFacts& facts);

/// How the user agrees to what is refused without being asked for, as the end of a sentence.
inline constexpr std::string_view how_to_consent = "; --force does it all the same";

/// Lets the engine's program read a command line, and fails with its words if it does not take it.
ScriptPart options_trial(const std::vector<std::string>& command);
/// Fails if the engine has images or containers, which it would not see any more with another option.
ScriptPart refusal_to_hide(const std::string& option);
/// Puts the staged files into place so that the old ones come back, and the engine with them, if anything
/// fails until the end of the trial, also if we are cut off. `afterwards` is a script for an engine that is
/// back.
ScriptPart engine_trial(const ServiceManager& services, const std::string& afterwards);
ScriptPart end_of_engine_trial();

}  // namespace dm
