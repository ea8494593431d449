//! The registry against a model of it that is plain maps.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::error::{Code, Error};
use crate::registry::{ModelQuery, ModelRegistry, Stage, StageOptions, VersionOptions};
use crate::store::Store;

#[derive(Clone, Debug)]
enum Step {
    Create(usize),
    Register(usize),
    Rename(usize, usize),
    DeleteModel(usize),
    DeleteVersion(usize, u64),
    SetAlias(usize, usize, u64),
    DeleteAlias(usize, usize),
    Move(usize, u64, usize, bool),
    Tag(usize, u64, bool),
}

const NAMES: [&str; 3] = ["a", "b", "c"];
const ALIASES: [&str; 3] = ["champion", "production", "best"];

fn step() -> impl Strategy<Value = Step> {
    let (name, number) = (0..NAMES.len(), 1..5_u64);
    prop_oneof![
        1 => name.clone().prop_map(Step::Create),
        5 => name.clone().prop_map(Step::Register),
        1 => (name.clone(), name.clone()).prop_map(|(a, b)| Step::Rename(a, b)),
        1 => name.clone().prop_map(Step::DeleteModel),
        1 => (name.clone(), number.clone()).prop_map(|(a, n)| Step::DeleteVersion(a, n)),
        3 => (name.clone(), 0..ALIASES.len(), number.clone()).prop_map(|(a, l, n)| Step::SetAlias(a, l, n)),
        1 => (name.clone(), 0..ALIASES.len()).prop_map(|(a, l)| Step::DeleteAlias(a, l)),
        4 => (name.clone(), number.clone(), 0..4_usize, any::<bool>()).prop_map(|(a, n, s, o)| Step::Move(a, n, s, o)),
        1 => (name, number, any::<bool>()).prop_map(|(a, n, set)| Step::Tag(a, n, set)),
    ]
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Version {
    stage: Stage,
    tagged: bool,
    /// Which it is of all that were made; what is shown does not tell.
    made: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    versions: BTreeMap<u64, Version>,
    aliases: BTreeMap<String, u64>,
    used: u64,
}

#[derive(Default)]
struct Plain {
    models: BTreeMap<&'static str, Model>,
    used: BTreeMap<&'static str, u64>,
    /// The numbers that a name has given, and the versions that they are: the count of all that were made then.
    given: BTreeMap<(&'static str, u64), u64>,
    made: u64,
}

impl Plain {
    /// None if it is refused.
    fn take(&mut self, step: &Step) -> Option<()> {
        match *step {
            Step::Create(name) | Step::Register(name) => {
                let name = NAMES[name];
                let is_new = !self.models.contains_key(name);
                if is_new {
                    let used = self.used.get(name).copied().unwrap_or(0);
                    self.models.insert(name, Model { used, ..Model::default() });
                }
                if matches!(step, Step::Create(_)) {
                    return is_new.then_some(());
                }
                let model = self.models.get_mut(name)?;
                model.used += 1;
                self.made += 1;
                model.versions.insert(model.used, Version { made: self.made, ..Version::default() });
                self.given.insert((name, model.used), self.made);
            }
            Step::Rename(from, to) => {
                let (from, to) = (NAMES[from], NAMES[to]);
                if from == to {
                    return self.models.contains_key(from).then_some(());
                }
                if self.models.contains_key(to) {
                    return None;
                }
                let versions = &self.models.get(from)?.versions;
                let used = self.used.get(to).copied().unwrap_or(0);
                let is_other = |(number, of): (&u64, &Version)| {
                    *number <= used && self.given.get(&(to, *number)) != Some(&of.made)
                };
                if versions.iter().any(is_other) {
                    return None;
                }
                let mut model = self.models.remove(from)?;
                self.given.extend(model.versions.iter().map(|(number, of)| ((to, *number), of.made)));
                self.used.insert(from, model.used);
                model.used = model.used.max(self.used.get(to).copied().unwrap_or(0));
                self.models.insert(to, model);
            }
            Step::DeleteModel(name) => {
                let model = self.models.remove(NAMES[name])?;
                self.used.insert(NAMES[name], model.used);
            }
            Step::DeleteVersion(name, number) => {
                let model = self.models.get_mut(NAMES[name])?;
                model.versions.remove(&number)?;
                model.aliases.retain(|_, of| *of != number);
            }
            Step::SetAlias(name, alias, number) => {
                let model = self.models.get_mut(NAMES[name])?;
                model.versions.get(&number)?;
                model.aliases.insert(ALIASES[alias].into(), number);
                if ALIASES[alias] == "production" {
                    model.go(number, Stage::Production, false);
                }
            }
            Step::DeleteAlias(name, alias) => {
                let model = self.models.get_mut(NAMES[name])?;
                model.aliases.remove(ALIASES[alias]);
                let live = model.versions.iter().find(|(_, version)| version.stage == Stage::Production);
                if let (Some(number), "production") = (live.map(|(number, _)| *number), ALIASES[alias]) {
                    model.go(number, Stage::None, false);
                }
            }
            Step::Move(name, number, stage, archive) => {
                let stage = Stage::ALL[stage];
                let model = self.models.get_mut(NAMES[name])?;
                model.versions.get(&number)?;
                if archive && !matches!(stage, Stage::Staging | Stage::Production) {
                    return None;
                }
                model.go(number, stage, archive);
            }
            Step::Tag(name, number, set) => {
                self.models.get_mut(NAMES[name])?.versions.get_mut(&number)?.tagged = set;
            }
        }
        Some(())
    }
}

impl Model {
    fn go(&mut self, number: u64, stage: Stage, archive: bool) {
        for (other, version) in &mut self.versions {
            if *other == number {
                version.stage = stage;
            } else if version.stage == stage && (archive || stage == Stage::Production) {
                version.stage = Stage::Archived;
            }
        }
        match self.aliases.get("production").copied() {
            Some(_) if stage == Stage::Production => {
                self.aliases.insert("production".into(), number);
            }
            Some(of) if of == number => {
                self.aliases.remove("production");
            }
            _ => {}
        }
    }
}

fn take(registry: &dyn ModelRegistry, step: &Step) -> Result<(), Error> {
    match *step {
        Step::Create(name) => registry.create_model(NAMES[name], None, &[]).map(drop),
        Step::Register(name) => registry.register(NAMES[name], &VersionOptions::default()).map(drop),
        Step::Rename(from, to) => registry.rename_model(NAMES[from], NAMES[to]).map(drop),
        Step::DeleteModel(name) => registry.delete_model(NAMES[name]),
        Step::DeleteVersion(name, number) => registry.delete_version(NAMES[name], number),
        Step::SetAlias(name, alias, number) => registry.set_alias(NAMES[name], ALIASES[alias], number),
        Step::DeleteAlias(name, alias) => registry.delete_alias(NAMES[name], ALIASES[alias]).map(drop),
        Step::Move(name, number, stage, archive_existing) => {
            let options = StageOptions { archive_existing, expect: None };
            registry.set_stage(NAMES[name], number, Stage::ALL[stage], options).map(drop)
        }
        Step::Tag(name, number, true) => registry.set_version_tag(NAMES[name], number, "k", "v"),
        Step::Tag(name, number, false) => registry.delete_version_tag(NAMES[name], number, "k").map(drop),
    }
}

/// The versions and aliases of a model.
type Shown = (BTreeMap<u64, Version>, BTreeMap<String, u64>);

/// What the registry shows, as the plain maps have it.
fn shown(registry: &dyn ModelRegistry) -> BTreeMap<String, Shown> {
    let mut shown = BTreeMap::new();
    for model in registry.search_models(&ModelQuery::default()).unwrap().items {
        let latest = model.latest_versions.iter().map(|version| (version.info.stage, version.version));
        let latest: BTreeMap<Stage, u64> = latest.collect();
        let mut expected = BTreeMap::new();
        let filter = format!("name = '{}'", model.name);
        let mut versions = BTreeMap::new();
        for version in registry.search_versions(&ModelQuery { filter, ..ModelQuery::default() }).unwrap().items {
            let highest = expected.entry(version.info.stage).or_insert(version.version);
            *highest = version.version.max(*highest);
            let tagged = version.tags.contains_key("k");
            versions.insert(version.version, Version { stage: version.info.stage, tagged, made: 0 });
        }
        assert_eq!(latest, expected);
        shown.insert(model.name, (versions, model.aliases));
    }
    shown
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_registry_is_what_plain_maps_are(steps in prop::collection::vec(step(), 1..60)) {
        let store = Store::open("memory:").unwrap();
        let registry = store.registry();
        let mut plain = Plain::default();
        for step in &steps {
            let done = take(&registry, step);
            prop_assert_eq!(done.is_ok(), plain.take(step).is_some(), "{:?}: {:?}", step, done);
            if let Err(e) = done {
                let known = [Code::NotFound, Code::AlreadyExists, Code::InvalidArgument, Code::Conflict];
                prop_assert!(known.contains(&e.code()));
            }
        }
        for version in plain.models.values_mut().flat_map(|model| model.versions.values_mut()) {
            version.made = 0;
        }
        let expected: BTreeMap<_, _> =
            plain.models.into_iter().map(|(name, model)| (name.to_owned(), (model.versions, model.aliases))).collect();
        prop_assert_eq!(shown(&registry), expected);
        registry.verify_events().unwrap();
    }
}
