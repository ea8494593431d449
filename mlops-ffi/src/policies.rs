//! Policies of the registry, and its log of events.

use mlops_core::registry::{
    Event, LogHead, ModelRegistry, PolicyChanges, PolicyScope, SetPolicy, parse_policies, parse_policy,
};

use crate::args::refuse;
use crate::boundary::export;
use crate::json;
use crate::registered_models::{given, list, signed, stage};
use crate::store::mlops_store;
use crate::text::{mlops_buf, mlops_str};

export! {
    /// What holds for a model that goes to a stage (empty: Production), as JSON: all fields, and `"digest"`. Without a model
    /// (empty) the policies that were set, a list.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_registry_policy_json(
        store: *const mlops_store,
        model: mlops_str,
        to: mlops_str,
        out: *mut mlops_buf,
    ) -> mlops_status {
        let registry = store.store.registry();
        if model.is_empty() {
            out.set(list(&registry.policies()?, SetPolicy::to_json)?);
        } else {
            out.set(json::text(&registry.policy(model, stage(to)?)?.to_json())?.into());
        }
        Ok(())
    }

    /// The policies that were set, as a file of TOML that `mlops_registry_set_policies` takes.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_registry_policies_toml(store: *const mlops_store, out: *mut mlops_buf) -> mlops_status {
        out.set(store.store.registry().policies_as_toml()?.into());
        Ok(())
    }

    /// Sets all policies that a text of TOML names, in one commit: `[default.production]` is for the store,
    /// `[model."fraud".production]` for a model.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_registry_set_policies(
        store: *const mlops_store,
        toml: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        store.registry_by(actor, reason).set_policies(&parse_policies(toml)?)
    }

    /// Sets the policy of a model, or of the store (`model` empty), for a stage (empty: Production): a JSON object of fields,
    /// such as `{"approvals": 1}`; an empty text takes the policy away.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_registry_set_policy(
        store: *const mlops_store,
        model: mlops_str,
        to: mlops_str,
        fields: mlops_str,
        actor: mlops_str,
        reason: mlops_str,
    ) -> mlops_status {
        let fields = if fields.is_empty() { None } else { Some(parse_policy(fields)?) };
        let scope = PolicyScope { model: given(model), stage: stage(to)? };
        store.registry_by(actor, reason).set_policies(&PolicyChanges::from([(scope, fields)]))
    }

    /// At most `limit` events of all models behind the number `after` (0: from the first), in order, as a JSON list; an empty
    /// one is the end. The numbers have no gaps.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_registry_events_json(
        store: *const mlops_store,
        after: i64,
        limit: usize,
        out: *mut mlops_buf,
    ) -> mlops_status {
        let after = u64::try_from(after).map_err(|_| refuse("after", after.to_string(), "the number of an event, 0 or more"))?;
        out.set(list(&store.store.registry().events(after, limit)?, Event::to_json)?);
        Ok(())
    }

    /// The end of the log of events: the number of the last (0: there is none) and its hash. Kept elsewhere, it shows later
    /// whether the log up to there is the same.
    ///
    /// `*hash` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_registry_head(store: *const mlops_store, seq: *mut i64, hash: *mut mlops_buf) -> mlops_status {
        let head = store.store.registry().log_head()?;
        seq.set(signed(head.seq));
        hash.set(head.hash.to_string().into());
        Ok(())
    }

    /// Walks the log of events: `MLOPS_CORRUPT` names the first that was changed. With an end that was kept elsewhere
    /// (`kept_hash` empty: without) it is noticed too if the end was cut off or all was written anew. `*seq` becomes how far
    /// the log goes.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_registry_verify(
        store: *const mlops_store,
        kept_seq: i64,
        kept_hash: mlops_str,
        seq: *mut i64,
    ) -> mlops_status {
        let kept = if kept_hash.is_empty() {
            None
        } else {
            let number = u64::try_from(kept_seq);
            let number = number.map_err(|_| refuse("kept_seq", kept_seq.to_string(), "the number of an event, 0 or more"))?;
            Some(LogHead { seq: number, hash: kept_hash.parse()? })
        };
        seq.set(signed(store.store.registry().verify_log(kept)?.seq));
        Ok(())
    }
}
